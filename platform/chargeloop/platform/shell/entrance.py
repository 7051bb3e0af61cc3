"""Who comes in: log-in, renewal and end of sessions, and who is asking with which token.

An unknown login name, a wrong password and a disabled account are answered alike, in text and in time. Tries
are limited by login name, known or not, and by address; those that succeed do not count. From one address few
may be made for a login name, from all together more, so that a stranger's do not keep the owner out who comes
from another one. The address pays for refused tries too.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chargeloop.platform.shell.accounts.account import Account, AccountError, login_of, password_of
from chargeloop.platform.shell.accounts.passwords import Passwords
from chargeloop.platform.shell.accounts.store import AccountStore, Session, Stolen
from chargeloop.platform.shell.accounts.throttle import Key, Rate, Throttle
from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.topics import Role

PER_LOGIN_AND_ADDRESS: Final = Rate(burst=5, every_s=30)
PER_LOGIN: Final = Rate(burst=100, every_s=3)
PER_ADDRESS: Final = Rate(burst=20, every_s=3)


class WrongLoginError(Exception):
    """There is no such account, or this is not its password, or it is disabled."""


class TooManyTriesError(Exception):
    """Too much has been tried; nothing was looked up. Try again after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many tries; the next one in {wait_s} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. `session` is None for a program of this data directory."""

    id: str
    role: Role
    name: str
    session: str | None


class Entrance:
    """The entrance to one region's gateway; `now_s` is a steady clock."""

    def __init__(
        self,
        store: AccountStore,
        passwords: Passwords,
        tokens: AccessTokens,
        region: RegionId,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._tokens = tokens
        self._region = region
        self._by_both = Throttle(PER_LOGIN_AND_ADDRESS, now_s)
        self._by_login = Throttle(PER_LOGIN, now_s)
        self._by_address = Throttle(PER_ADDRESS, now_s)

    async def log_in(self, login: str, password: str, address: str) -> Session:
        """Begin a session.

        Raises:
            WrongLoginError, TooManyTriesError: there is none.
        """
        normal = _normal(login)
        buckets = self._buckets(normal, address)
        if any(throttle.wait_s(key) > 0 for throttle, key in buckets):
            self._by_address.spend(address)
            raise TooManyTriesError(max(throttle.wait_s(key) for throttle, key in buckets))
        for throttle, key in buckets:
            throttle.spend(key)
        proven = await self._proven(normal, password)
        session = None if proven is None else await self._store.begin(normal, proven, self._region)
        if session is None:
            raise WrongLoginError
        for throttle, key in buckets:
            throttle.refund(key)
        return session

    def _buckets(self, login: str, address: str) -> tuple[tuple[Throttle, Key], ...]:
        return (
            (self._by_both, (login, address)),
            (self._by_login, login),
            (self._by_address, address),
        )

    async def _proven(self, login: str, password: str) -> str | None:
        """Return what is stored of the password, when it is the account's own."""
        stored = await self._store.password_hash(login)
        try:
            composed = password_of(password)
        except AccountError:
            composed, stored = "", None
        if not await self._passwords.fits(stored, composed) or stored is None:
            return None
        if self._passwords.is_stale(stored):
            fresh = await self._passwords.hash(composed)
            await self._store.renew_hash(login, stored, fresh)
            return fresh
        return stored

    async def refresh(self, token: str) -> Session | Stolen | None:
        """Exchange a refresh token; None when it is not good, and what has ended when it must be stolen."""
        return await self._store.refresh(token)

    async def leave(self, token: str) -> str | None:
        """End the session of a refresh token and return its id, or None when the token is not known."""
        return await self._store.end(token)

    async def lives(self, session: Session) -> bool:
        """Tell whether a session has not ended meanwhile."""
        return await self._store.lives(session.id)

    async def is_shut_out(self, account: Account) -> bool:
        """Tell whether an account is disabled by now."""
        found = await self._store.get(account.id)
        return found is not None and found.disabled

    def token_of(self, session: Session) -> str:
        """Return a fresh access token of a session."""
        return self._tokens.sign(session.account.id, session.id)

    async def caller(self, token: str) -> Caller | None:
        """Return who asks with this access token, or None when it is not, or no longer, good."""
        claims = self._tokens.read(token)
        if claims is None:
            return None
        if claims.session is None:
            known = await self._store.get(claims.account)
            shut_out = known is not None and known.disabled
            name = claims.account if known is None else known.name
            return None if shut_out else Caller(claims.account, claims.role, name, None)
        account = await self._store.of_session(claims.session)
        if account is None or account.id != claims.account:
            return None
        return Caller(account.id, account.role, account.name, claims.session)


def _normal(login: str) -> str:
    """Return the login name in its normal form; one that nobody can have as the empty one."""
    try:
        return login_of(login)
    except AccountError:
        return ""
