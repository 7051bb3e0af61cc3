"""The gateway's accounts and sessions, in a file of their own: DATA/gateway/accounts.sqlite3.

The gateway and the command line may have it open at the same time. Of passwords and refresh tokens only
hashes are kept. Whatever changes who may come in is committed before it is answered.
"""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiosqlite

from chargeloop.platform.shell.accounts.account import Account, AccountError
from chargeloop.platform.shell.accounts.rotation import (
    SESSION_MS,
    Shown,
    Verdict,
    discards_successors,
    judge,
)
from chargeloop.platform.shell.gateway_file import GatewayFile
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.topics import Role

_VERSION: Final = 2
# It had no `discarded_tokens` yet: no token of such a file has been discarded.
_EARLIER: Final = (1,)
_TOKEN_BYTES: Final = 32
_COLUMNS: Final = "id, role, login, region, name, created_ms, disabled"


@dataclass(frozen=True, slots=True)
class Session:
    """A session of an account; `refresh` is the token it can be renewed with, known here for this once."""

    id: str
    account: Account
    refresh: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stolen:
    """A session that has ended because one of its refresh tokens must have been stolen."""

    session: str


def accounts_path(data: Path) -> Path:
    """Return where the accounts of a data directory are."""
    return data / "gateway" / "accounts.sqlite3"


def _real_ms() -> int:
    return time.time_ns() // 1_000_000


class AccountStore(GatewayFile):
    """Accounts and sessions. Open it before use, and close it."""

    def __init__(self, path: Path, now_ms: Callable[[], int] = _real_ms) -> None:
        super().__init__(path, "accounts", _VERSION, "chargeloop.platform.shell.accounts", _EARLIER)
        self._now_ms = now_ms

    # Accounts.

    async def add(self, account: Account, password_hash: str) -> None:
        """Keep a new account.

        Raises:
            AccountError: its id or login name is taken.
        """
        values = (account.id, account.role, account.login, password_hash, account.region, account.name)
        insert = (
            "INSERT INTO accounts (id, role, login, password, region, name, created_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        try:
            async with self._transaction() as db:
                await db.execute(insert, (*values, account.created_ms))
        except sqlite3.IntegrityError:
            taken = account.login if await self.find(account.login) is not None else account.id
            message = f"there is an account {taken!r} already"
            raise AccountError(message) from None

    async def all(self) -> list[Account]:
        """Return all accounts, by role and login name."""
        rows = await self._all(f"SELECT {_COLUMNS} FROM accounts ORDER BY role, login")  # noqa: S608
        return [_account(row) for row in rows]

    async def find(self, login: str) -> Account | None:
        """Return the account of a login name, which must be in its normal form."""
        row = await self._one(f"SELECT {_COLUMNS} FROM accounts WHERE login = ?", login)  # noqa: S608
        return None if row is None else _account(row)

    async def get(self, account: str) -> Account | None:
        """Return the account with this id."""
        row = await self._one(f"SELECT {_COLUMNS} FROM accounts WHERE id = ?", account)  # noqa: S608
        return None if row is None else _account(row)

    async def password_hash(self, login: str) -> str | None:
        """Return what is stored of the password of a login name."""
        row = await self._one("SELECT password FROM accounts WHERE login = ?", login)
        return None if row is None else str(row[0])

    async def set_password(self, login: str, password_hash: str) -> Account:
        """Give an account another password, and end its sessions.

        Raises:
            AccountError: there is no such account.
        """
        return await self._change(login, "password", password_hash, ends=True)

    async def renew_hash(self, login: str, old: str, new: str) -> None:
        """Keep the same password at another cost, unless it has been changed meanwhile."""
        async with self._transaction() as db:
            await db.execute(
                "UPDATE accounts SET password = ? WHERE login = ? AND password = ?", (new, login, old)
            )

    async def set_disabled(self, login: str, *, disabled: bool) -> Account:
        """Shut an account out, and end its sessions; or let it in again.

        Raises:
            AccountError: there is no such account.
        """
        return await self._change(login, "disabled", int(disabled), ends=disabled)

    async def _change(self, login: str, column: str, value: str | int, *, ends: bool) -> Account:
        async with self._transaction() as db:
            await db.execute(f"UPDATE accounts SET {column} = ? WHERE login = ?", (value, login))  # noqa: S608
            account = await self.find(login)
            if account is None:
                message = f"there is no account {login!r}"
                raise AccountError(message)
            if ends:
                await db.execute(
                    "UPDATE sessions SET ended_ms = ? WHERE account = ? AND ended_ms IS NULL",
                    (self._now_ms(), account.id),
                )
        return account

    # Sessions.

    async def begin(self, login: str, password_hash: str, region: RegionId) -> Session | None:
        """Begin a session of somebody who knew the password behind this hash; `login` is in its normal form.

        None when it is not the account's any more, or the account is disabled or of another region.
        """
        now_ms, name = self._now_ms(), f"ses-{secrets.token_hex(10)}"
        async with self._transaction() as db:
            row = await self._one(_LETS_IN, login, password_hash, region)
            if row is None:
                return None
            account = _account(row)
            await db.execute("DELETE FROM sessions WHERE expires_ms <= ?", (now_ms,))
            await db.execute(
                "INSERT INTO sessions (id, account, created_ms, expires_ms) VALUES (?, ?, ?, ?)",
                (name, account.id, now_ms, now_ms + SESSION_MS),
            )
            return Session(name, account, await self._token(db, name, None))

    async def refresh(self, token: str) -> Session | Stolen | None:
        """Exchange a refresh token, or return None; one that must have been stolen ends its session.

        What is connected for a session that has ended must be disconnected by the caller.
        """
        digest = _digest(token)
        async with self._transaction() as db:
            found = await self._one(_SHOWN, self._now_ms(), digest)
            if found is None:
                return None
            session, replaced_ms, used, discarded, lives = found
            shown = Shown(replaced_ms, bool(used), bool(discarded), bool(lives))
            verdict = judge(shown)
            if verdict is Verdict.REFUSED:
                return None
            if verdict is Verdict.STOLEN:
                await self._end(db, session)
                return Stolen(session)
            await db.execute(_DISCARD_RIVALS, (digest, digest))
            if discards_successors(shown, self._now_ms()):
                await db.execute(_DISCARD_SUCCESSORS, (digest,))
            await db.execute(
                "UPDATE refresh_tokens SET replaced_ms = ? WHERE digest = ? AND replaced_ms IS NULL",
                (self._now_ms(), digest),
            )
            account = await self._one(_ACCOUNT_OF_SESSION, session)
            return Session(session, _account(account), await self._token(db, session, digest))

    async def end(self, token: str) -> str | None:
        """End the session of a refresh token, and return its id; None when the token is not known."""
        async with self._transaction() as db:
            found = await self._one("SELECT session FROM refresh_tokens WHERE digest = ?", _digest(token))
            if found is None:
                return None
            await self._end(db, found[0])
            return str(found[0])

    async def end_session(self, session: str) -> None:
        """End a session by its id."""
        async with self._transaction() as db:
            await self._end(db, session)

    async def of_session(self, session: str) -> Account | None:
        """Return the account of a session that lives, or None."""
        row = await self._one(_LIVING, session, self._now_ms())
        return None if row is None else _account(row)

    async def lives(self, session: str) -> bool:
        """Tell whether a session has not ended."""
        return await self.of_session(session) is not None

    async def data_version(self) -> int:
        """Return a number that is another one after somebody else has changed the file."""
        row = await self._one("PRAGMA data_version")
        return int(row[0]) if row is not None else 0

    async def _token(self, db: aiosqlite.Connection, session: str, follows: bytes | None) -> str:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        await db.execute(
            "INSERT INTO refresh_tokens (digest, session, follows) VALUES (?, ?, ?)",
            (_digest(token), session, follows),
        )
        return token

    async def _end(self, db: aiosqlite.Connection, session: str) -> None:
        await db.execute(
            "UPDATE sessions SET ended_ms = ? WHERE id = ? AND ended_ms IS NULL", (self._now_ms(), session)
        )


_LETS_IN: Final = (
    f"SELECT {_COLUMNS} FROM accounts WHERE login = ? AND password = ? AND region = ? AND disabled = 0"  # noqa: S608
)
_SHOWN: Final = (
    "SELECT t.session, t.replaced_ms,"
    " EXISTS (SELECT 1 FROM refresh_tokens AS n WHERE n.follows = t.digest AND n.replaced_ms IS NOT NULL),"
    " EXISTS (SELECT 1 FROM discarded_tokens AS d WHERE d.digest = t.digest),"
    " s.ended_ms IS NULL AND s.expires_ms > ? AND a.disabled = 0"
    " FROM refresh_tokens AS t JOIN sessions AS s ON s.id = t.session JOIN accounts AS a ON a.id = s.account"
    " WHERE t.digest = ?"
)
_DISCARD_RIVALS: Final = (
    "INSERT OR IGNORE INTO discarded_tokens SELECT rival.digest FROM refresh_tokens AS shown"
    " JOIN refresh_tokens AS rival ON rival.follows = shown.follows"
    " WHERE shown.digest = ? AND rival.digest <> ?"
)
_DISCARD_SUCCESSORS: Final = (
    "INSERT OR IGNORE INTO discarded_tokens SELECT digest FROM refresh_tokens WHERE follows = ?"
)
_PREFIXED: Final = ", ".join(f"a.{column}" for column in _COLUMNS.split(", "))
_ACCOUNT_OF_SESSION: Final = (
    f"SELECT {_PREFIXED} FROM sessions AS s JOIN accounts AS a ON a.id = s.account WHERE s.id = ?"  # noqa: S608
)
_LIVING: Final = f"{_ACCOUNT_OF_SESSION} AND s.ended_ms IS NULL AND s.expires_ms > ? AND a.disabled = 0"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _account(row: Any) -> Account:
    account, role, login, region, name, created_ms, disabled = row
    return Account(account, Role(role), login, RegionId(region), name, created_ms, bool(disabled))
