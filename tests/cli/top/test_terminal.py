"""`chargeloop top` as a process on a real terminal."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chargeloop.broker.main import running_broker

LEFT = b"\x1b[?1049l"  # back from the alternate screen


@pytest.fixture
async def data(tmp_path: Path) -> AsyncIterator[Path]:
    async with running_broker(None, tmp_path):
        yield tmp_path


def read_until(terminal: int, wanted: bytes) -> bytes:
    """Return what was written on the terminal up to what is wanted; OSError when it is closed before that."""
    shown = b""
    while wanted not in shown:
        shown += os.read(terminal, 65536)
    return shown


def quit_by_key(terminal: int, _: subprocess.Popen[bytes]) -> None:
    os.write(terminal, b"q")


def end_by_signal(_: int, process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)


def played(data: Path, end: Callable[[int, subprocess.Popen[bytes]], None]) -> bytes:
    """Return what a dashboard has written on a terminal of its own, from its start to its end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(theirs)
    command = [sys.executable, "-m", "chargeloop.cli", "top", "--data", str(data)]
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    ) as process:
        shown = read_until(ours, b"broker 127.0.0.1")
        end(ours, process)
        shown += read_until(ours, LEFT)
        assert process.wait(timeout=60) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(theirs)
    os.close(ours)
    return shown


@pytest.mark.parametrize("end", [quit_by_key, end_by_signal])
async def test_top_draws_on_a_terminal_and_leaves_it_as_it_was(
    end: Callable[[int, subprocess.Popen[bytes]], None], data: Path
) -> None:
    # In a thread, as the broker is told of new logins by this one.
    shown = await asyncio.to_thread(played, data, end)
    assert b"Traceback" not in shown


async def test_top_without_a_terminal_says_what_to_use_instead(data: Path) -> None:
    done = subprocess.run(  # noqa: ASYNC221 - the broker is another process
        [sys.executable, "-m", "chargeloop.cli", "top", "--data", str(data)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "chargeloop: top draws on a terminal, and this is none:"
        f" chargeloop watch --data {data} prints lines\n"
    )
