"""The end of tasks that a test has started."""

import asyncio


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it ends, for aiomqtt's calls lose a cancellation that meets their answer.

    Raises:
        Exception: the task had failed.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=1.0)
    if not task.cancelled():
        task.result()
