"""Passwords that people choose: argon2id, off the event loop, and never more than two at a time.

The cost is that of OWASP's password storage cheat sheet (46 MiB, one pass, one lane). A hash that was made at
another cost is still checked, and is to be made anew after a log-in.
"""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_MEMORY_KIB: Final = 46 * 1024
_AT_ONCE: Final = 2


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, *, memory_kib: int = _MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(time_cost=1, memory_cost=memory_kib, parallelism=1)
        self._turn = asyncio.Semaphore(_AT_ONCE)
        # Checked against when there is no such account, so that the answer takes as long as for a wrong
        # password.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Tell whether the password is the stored one; None is nobody's, and takes as long."""
        async with self._turn:
            fits = await asyncio.to_thread(self._verify, self._nobody if stored is None else stored, password)
        return fits and stored is not None

    def is_stale(self, stored: str) -> bool:
        """Tell whether the hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
