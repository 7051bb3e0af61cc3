"""Access tokens: JSON web tokens (RFC 7519) of 15 minutes, signed with a key that only this directory has.

A token names an account and the session it was given in. It is believed only as long as the session lasts,
which is looked up with every request (`accounts.store`). A token without a session is made by a program that
can read the key, the command line or a simulated person: who can read the data directory is trusted.
"""

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import jwt

from chargeloop.platform.shell.accounts.account import ROLES
from chargeloop.protocol.ids import RegionId, kind_of
from chargeloop.protocol.topics import ROLE_OF_KIND, Role

ACCESS_S: Final = 15 * 60
_ALGORITHM: Final = "HS256"
_KEY_BYTES: Final = 32
_CLAIMS: Final = ("iss", "aud", "sub", "exp")
_ISSUER: Final = "chargeloop-gateway"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: `account` is a protocol id, `session` None for a token made with the key."""

    account: str
    role: Role
    session: str | None


class BrokenKeyError(Exception):
    """The key's file cannot be used; the message says why."""


def key_path(data: Path) -> Path:
    """Return where the key of a data directory is."""
    return data / "gateway" / "token.key"


def signing_key(data: Path) -> bytes:
    """Return the key of a data directory, drawn the first time: DATA/gateway/token.key, mode 0600.

    Raises:
        BrokenKeyError: the file is there and is not a key.
        OSError: it can be neither read nor made.
    """
    path = key_path(data)
    if not path.exists():
        _draw(path)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        message = f"{path} is not a key of {_KEY_BYTES} bytes: delete it, and all have to log in again"
        raise BrokenKeyError(message)
    return key


def _draw(path: Path) -> None:
    """Write a key whole, unless another process has done so meanwhile: the first one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()


class AccessTokens:
    """Signs and reads the tokens of one region; `now_s` is real time since 1970."""

    def __init__(self, key: bytes, region: RegionId, now_s: Callable[[], float] = time.time) -> None:
        self._key = key
        self._region = region
        self._now_s = now_s

    @classmethod
    def of_data(cls, data: Path, region: RegionId) -> Self:
        """Return the tokens of a data directory.

        Raises:
            BrokenKeyError, OSError: its key cannot be used.
        """
        return cls(signing_key(data), region)

    def sign(self, account: str, session: str | None = None) -> str:
        """Return a token of the account that is good for 15 minutes."""
        claims = {
            "iss": _ISSUER,
            "aud": self._region,
            "sub": account,
            "exp": int(self._now_s()) + ACCESS_S,
        }
        return jwt.encode(claims if session is None else claims | {"sid": session}, self._key, _ALGORITHM)

    def read(self, token: str) -> Claims | None:
        """Return what a token says, or None when it is not ours, not of this region, or too old."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=self._region,
                options={"require": list(_CLAIMS), "verify_exp": False},
            )
        except jwt.InvalidTokenError:
            return None
        account, session = str(claims["sub"]), claims.get("sid")
        kind = kind_of(account)
        role = None if kind is None else ROLE_OF_KIND.get(kind)
        if role not in ROLES or int(claims["exp"]) <= self._now_s():
            return None
        return Claims(account, role, None if session is None else str(session))
