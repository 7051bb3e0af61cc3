"""One broker for each data directory: who runs it holds a lock, and notes where it listens.

Two brokers would write each other's configuration and probe. The lock is the kernel's (`flock`), so a process
that is killed leaves none behind; what stands in the lock file is only for people to read. The address is
noted in DATA/run/broker.address for commands that are not told where to connect, the broker's process id in
DATA/run/broker.pid, and both are taken away by their owner while nobody else can own them. What stays is
DATA/broker/last.address: parts that run go on calling a broker there, so the next one takes it again.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chargeloop.broker.address import BrokerAddress

_READ_BYTES: Final = 200


class ClaimedError(RuntimeError):
    """A broker already runs on the data directory; the message says which."""


def address_file(data: Path) -> Path:
    """Return the file in which the broker of a data directory notes where it listens."""
    return data / "run" / "broker.address"


def pid_file(data: Path) -> Path:
    """Return the file in which the process id of the broker of a data directory is noted."""
    return data / "run" / "broker.pid"


def last_address(data: Path) -> BrokerAddress | None:
    """Return where the last broker of this data directory listened, or None when that is not known."""
    try:
        return BrokerAddress.parse(_last_file(data).read_text(encoding="utf-8").strip())
    except (FileNotFoundError, ValueError):
        return None


def _last_file(data: Path) -> Path:
    return data / "broker" / "last.address"


def note_address(data: Path, address: BrokerAddress) -> None:
    """Write where the broker of this data directory listens, whole or not at all."""
    _put(address_file(data), address)


def _put(file: Path, address: BrokerAddress) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.write_text(f"{address}\n", encoding="utf-8")
    draft.replace(file)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run the broker of a data directory."""

    data: Path
    lock: int

    def tell(self, address: BrokerAddress) -> None:
        """Tell those who come in vain who is here."""
        os.truncate(self.lock, 0)
        os.pwrite(self.lock, f"pid {os.getpid()}, {address}\n".encode(), 0)

    @contextlib.contextmanager
    def noted(self, address: BrokerAddress, pid: int) -> Iterator[None]:
        """Keep address and process id of the broker noted while the context lasts; the last address stays."""
        _put(_last_file(self.data), address)
        note_address(self.data, address)
        pid_file(self.data).write_text(f"{pid}\n", encoding="utf-8")
        try:
            yield
        finally:
            pid_file(self.data).unlink(missing_ok=True)
            address_file(self.data).unlink(missing_ok=True)


@contextlib.contextmanager
def claimed(data: Path) -> Iterator[Claim]:
    """Claim the data directory while the context lasts.

    Raises:
        ClaimedError: a broker already runs on it.
    """
    directory = data / "broker"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, _READ_BYTES, 0).decode(errors="replace").strip() or "just starting"
            message = f"a broker already runs on {data} ({holder})"
            raise ClaimedError(message) from None
        os.truncate(lock, 0)  # what a killed one has left
        yield Claim(data, lock)
    finally:
        os.close(lock)
