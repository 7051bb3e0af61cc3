"""Runs one part of the product as a process: starts it, says when it is ready, stops it in order.

A process ends when it gets SIGTERM or SIGINT, or, with `until_eof`, when its standard input ends: the parent
holds the other end of that pipe, so children end even when the parent is killed outright.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

Ready = Callable[[str], None]


def run_process(
    work: Callable[[Ready], Coroutine[None, None, None]],
    *,
    ready_file: Path | None,
    until_eof: bool,
) -> None:
    """Run `work` until it ends or the process is told to stop.

    Args:
        work: is given a function to call when it is ready, with the line that says so, which is printed; it
            must clean up when it is cancelled.
        ready_file: is written at that call, with the process id as its text.
        until_eof: stop when standard input ends.
    """
    log_with_time()

    def ready(up: str) -> None:
        print(up, flush=True)
        write_ready(ready_file)

    asyncio.run(_until_stopped(work(ready), until_eof=until_eof))


def log_with_time() -> None:
    """Have what the process logs on standard error say when it was."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S", level=logging.WARNING)


def write_ready(ready_file: Path | None) -> None:
    """Write the ready file, whole or not at all."""
    if ready_file is None:
        return
    draft = ready_file.with_suffix(".draft")
    draft.write_text(f"{os.getpid()}\n", encoding="utf-8")
    draft.replace(ready_file)


async def _until_stopped(work: Awaitable[None], *, until_eof: bool) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    if until_eof:
        # A thread, as standard input may be a pipe, a file or a terminal, and not all of these can be polled.
        threading.Thread(target=_cancel_at_eof, args=(loop, task), daemon=True).start()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def _cancel_at_eof(loop: asyncio.AbstractEventLoop, task: "asyncio.Future[None]") -> None:
    while os.read(0, 4096):
        pass
    if not loop.is_closed():
        loop.call_soon_threadsafe(task.cancel)
