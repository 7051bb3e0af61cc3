"""Parts of the product that run in the test's own process for a while."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine


@contextlib.asynccontextmanager
async def while_running(
    run: Callable[[Callable[[], None]], Coroutine[None, None, None]],
) -> AsyncIterator[None]:
    """Run a part while the context lasts, from when it is ready."""
    ready = asyncio.Event()
    running = asyncio.create_task(run(ready.set))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield
    finally:
        for task in (running, waiting):
            task.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
