"""Locks on files, for what one process may do at a time; the kernel frees them however the holder ends."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from chargeloop.cli.errors import FAILED, CommandError

_READ_BYTES: Final = 40


def take(file: Path, stack: contextlib.ExitStack) -> str | None:
    """Lock a file until the stack is left; return None, or, when another process has it, what it wrote there.

    Raises:
        CommandError: the file cannot be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CommandError(f"cannot use {file.parent}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, _READ_BYTES, 0).decode(errors="replace").strip()
        os.close(lock)
        return holder
    stack.callback(os.close, lock)
    os.truncate(lock, 0)
    os.pwrite(lock, f"pid {os.getpid()}\n".encode(), 0)
    return None


def running_parts(data: Path) -> Mapping[str, str]:
    """Return the parts of the product that run on a data directory, each with who runs it (`pid N`)."""
    found = {}
    for file in sorted((data / "run").glob("*.lock")):
        with file.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                part = file.stem.partition("-")[0]
                found[part] = lock.read(_READ_BYTES).decode(errors="replace").strip()
    return found


@contextlib.contextmanager
def alone(data: Path, part: str, file: Path | None = None) -> Iterator[None]:
    """Be the only process that runs a part of the product on a data directory (with this file) for a while.

    Two would have the same names at the broker, which lets in one at a time: each would throw the other out.

    Raises:
        CommandError: another one runs already.
    """
    name = part
    if file is not None:
        name += f"-{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]}"
    with contextlib.ExitStack() as stack:
        holder = take(data / "run" / f"{name}.lock", stack)
        if holder is not None:
            with_file = "" if file is None else f" with {file}"
            raise CommandError(f"{part} runs already on {data}{with_file} ({holder}): stop it first", FAILED)
        yield
