"""The accounts of a demo: one for each role, beside the people who are simulated."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chargeloop.broker import CredentialStore
from chargeloop.broker.credentials import role_of
from chargeloop.platform.shell.accounts.account import new_account
from chargeloop.platform.shell.accounts.passwords import Passwords
from chargeloop.platform.shell.accounts.registry import Registry
from chargeloop.platform.shell.accounts.store import AccountStore, accounts_path
from chargeloop.protocol.topics import Role

# Where each enters, and as whom. Nobody simulated has these ids: two cannot be connected as one.
_PEOPLE: Final = (
    (Role.USER, "user", "usr-you", "/"),
    (Role.COURIER, "courier", "cou-you", "/courier"),
    (Role.OPERATOR, "operator", "opr-you", "/ops"),
)
_PATHS: Final = {role: path for role, _, _, path in _PEOPLE}
_PASSWORD_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Login:
    """How to enter as somebody: the page's path at the gateway, the login name and the password."""

    role: Role
    id: str
    path: str
    login: str
    password: str = field(repr=False)


async def open_logins(data: Path, region: str, *, others: Iterable[str] = ()) -> tuple[Login, ...]:
    """Open an account of each role in a directory that has none, with passwords drawn now.

    Args:
        data: the data directory.
        region: where they belong.
        others: ids of simulated people (usr-…, cou-…) whose accounts are wanted too; each logs in as its id.

    Raises:
        AccountError: there are such accounts already.
    """
    store = AccountStore(accounts_path(data))
    await store.open()
    try:
        registry = Registry(store, CredentialStore.of_data(data), Passwords())
        simulated = ((role_of(one), one, one, _PATHS[role_of(one)]) for one in others)
        return tuple([await _open(registry, region, *person) for person in (*_PEOPLE, *simulated)])
    finally:
        await store.close()


async def _open(registry: Registry, region: str, role: Role, login: str, account: str, path: str) -> Login:
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    now_ms = time.time_ns() // 1_000_000
    opened = new_account(role, login, region=region, now_ms=now_ms, account_id=account)
    await registry.open(opened, password)
    return Login(role, account, path, login, password)
