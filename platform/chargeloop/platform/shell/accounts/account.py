"""An account: one person with one role in one region, known by a login name."""

import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chargeloop.protocol.ids import IdKind, RegionId, is_id, is_region, not_a_region, not_an_id
from chargeloop.protocol.topics import KIND_OF_ROLE, Role

# The roles that people have; the other participants are machines and have credentials of the broker alone.
ROLES: Final = (Role.USER, Role.COURIER, Role.OPERATOR)
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 128
_LONGEST_LOGIN: Final = 64
_LONGEST_NAME: Final = 80


class AccountError(ValueError):
    """What was asked of an account cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `id` is its id in topics and orders, `created_ms` real time."""

    id: str
    role: Role
    login: str
    region: RegionId
    name: str
    created_ms: int
    disabled: bool = False


def login_of(text: str) -> str:
    """Return a login name as it is stored and compared: NFKC, folded to one case, without spaces around it.

    Raises:
        AccountError: it is empty, too long, or holds spaces or control characters.
    """
    login = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).strip().casefold())
    if not 1 <= len(login) <= _LONGEST_LOGIN or not login.isprintable() or any(map(str.isspace, login)):
        message = f"a login name has 1 to {_LONGEST_LOGIN} characters and no spaces"
        raise AccountError(message)
    return login


def password_of(text: str) -> str:
    """Return a password as it is hashed: in Unicode's composed form, as keyboards differ in that.

    Raises:
        AccountError: it is too short or too long, or no text that could be encoded.
    """
    password = unicodedata.normalize("NFC", text)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or not _is_utf8(password):
        message = f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        raise AccountError(message)
    return password


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def new_account(  # noqa: PLR0913 - what an account is made of
    role: Role,
    login: str,
    *,
    region: str,
    now_ms: int,
    name: str | None = None,
    account_id: str | None = None,
    draw: Callable[[], str] = lambda: secrets.token_hex(5),
) -> Account:
    """Return a new account; without an id one is made of the login name, or drawn where that makes none.

    Raises:
        AccountError: the role is no person's, or the login name, id, region or display name is malformed.
    """
    if role not in ROLES:
        message = f"a person is a {', a '.join(ROLES)}; not a {role}"
        raise AccountError(message)
    normal = login_of(login)
    kind = KIND_OF_ROLE[role]
    if not is_region(region):
        raise AccountError(not_a_region(region))
    shown = login.strip() if name is None else name.strip()
    if not 1 <= len(shown) <= _LONGEST_NAME or not shown.isprintable():
        message = f"a display name has 1 to {_LONGEST_NAME} characters"
        raise AccountError(message)
    return Account(_id(kind, normal, account_id, draw), role, normal, RegionId(region), shown, now_ms)


def _id(kind: IdKind, login: str, given: str | None, draw: Callable[[], str]) -> str:
    if given is not None and not is_id(kind, given):
        raise AccountError(not_an_id(kind, given))
    if given is not None:
        return given
    of_login = f"{kind}-{login}"
    return of_login if is_id(kind, of_login) else f"{kind}-{draw()}"
