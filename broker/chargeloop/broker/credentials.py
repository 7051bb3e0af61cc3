"""Credentials of everybody who may connect, one file each.

A participant's id is its user name, its client id and the id in its topics; its role follows from the id's
prefix and its region stands in the file. Nobody connects without credentials, and nobody shares them.

Passwords are 32 random bytes drawn by us, never chosen by people: they need no slow hash to resist guessing,
and the files (mode 0600, directory 0700) hold them in the clear because the same files are what devices
connect with.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from chargeloop.broker.disk import sync_directory
from chargeloop.protocol.ids import InvalidIdError, in_lower_case, is_region, kind_of, not_a_region
from chargeloop.protocol.topics import ROLE_OF_KIND, Role

_PASSWORD_BYTES = 32
_MEMBERS = ("client", "role", "region", "password")


class UnknownClientError(LookupError):
    """No credentials have been granted to this client."""


class BrokenCredentialsError(UnknownClientError):
    """A file of credentials is half written or wrong: until it changes, nothing is granted to its client."""


class RegionMismatchError(ValueError):
    """The client already has credentials for another region; a participant belongs to one region."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one participant connects with: `client` is both user name and client id."""

    client: str
    role: Role
    region: str
    password: str = field(repr=False)


def role_of(client: str) -> Role:
    """Return the role that the prefix of a client's id names.

    Raises:
        InvalidIdError: the id is malformed, or of a kind that does not connect (an order, a bank).
    """
    kind = kind_of(client)
    role = None if kind is None else ROLE_OF_KIND.get(kind)
    if role is None:
        expected = ", ".join(f"{known}-…" for known in ROLE_OF_KIND)
        message = f"{client!r} is not the id of a participant: expected one of {expected}"
        message += in_lower_case(client, ROLE_OF_KIND)
        raise InvalidIdError(message)
    return role


class CredentialStore:
    """The credentials in one directory, a JSON file per client.

    Files are written whole, to the disk, and then linked into place: a reader in another process, or after a
    power cut, sees all of a file or none. Each change moves the directory's modification time, which is what
    running brokers watch.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def of_data(cls, data: Path) -> Self:
        """Return the store of a data directory: DATA/credentials."""
        return cls(data / "credentials")

    def grant(self, client: str, region: str) -> Credentials:
        """Return the client's credentials, drawing a password the first time (idempotent).

        Raises:
            InvalidIdError: the client's id or the region is malformed.
            RegionMismatchError: the client has credentials for another region.
            BrokenCredentialsError: the client has a file that cannot be used.
        """
        role = role_of(client)
        if not is_region(region):
            raise InvalidIdError(not_a_region(region))
        path = self._path(client)
        # Another process may grant the same, or revoke it, at any moment.
        while (known := self._found(path)) is None:
            self._create(path, Credentials(client, role, region, secrets.token_urlsafe(_PASSWORD_BYTES)))
        if known.region != region:
            message = f"{client} already has credentials for region {known.region!r}, not {region!r}"
            raise RegionMismatchError(message)
        return known

    def load(self, client: str) -> Credentials:
        """Return the credentials granted to a client.

        Raises:
            InvalidIdError: the client's id is malformed.
            UnknownClientError: nothing has been granted to it, or nothing that can be used.
        """
        role_of(client)
        known = self._found(self._path(client))
        if known is None:
            message = f"no credentials for {client} in {self.directory}"
            raise UnknownClientError(message)
        return known

    def all(self, broken: Callable[[BrokenCredentialsError], None] | None = None) -> Iterator[Credentials]:
        """Yield all credentials, ordered by client; `broken` is told of files that cannot be used.

        Raises:
            BrokenCredentialsError: a file cannot be used, and there is nobody to tell.
        """
        for path in sorted(self.directory.glob("*.json")):
            try:
                known = self._found(path)
            except BrokenCredentialsError as error:
                if broken is None:
                    raise
                broken(error)
                continue
            if known is not None:  # else it was revoked meanwhile
                yield known

    def revoke(self, client: str) -> None:
        """Take the client's credentials away; revoking what is not there changes nothing.

        Raises:
            InvalidIdError: the client's id is malformed.
        """
        role_of(client)
        self._path(client).unlink(missing_ok=True)

    def renew(self, client: str, region: str) -> Credentials:
        """Take the client's credentials away and grant others: who is connected with the old ones is cut off.

        Raises:
            InvalidIdError: the client's id or the region is malformed.
        """
        self.revoke(client)
        return self.grant(client, region)

    def _path(self, client: str) -> Path:
        # The id has been checked by role_of: it cannot leave the directory.
        return self.directory / f"{client}.json"

    @staticmethod
    def _found(path: Path) -> Credentials | None:
        """Return what is in a client's file, or None when there is none."""
        try:
            return _parsed(path.stem, path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            if isinstance(error, FileNotFoundError) and not path.is_symlink():
                return None
            message = f"credentials file {path} cannot be used: {error}"
            raise BrokenCredentialsError(message) from error

    def _create(self, path: Path, credentials: Credentials) -> None:
        """Write the file unless another process has done so meanwhile: the first one stays."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.directory / f".{credentials.client}.{secrets.token_hex(8)}"
        opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            json.dump(asdict(credentials), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
            sync_directory(self.directory)
        except FileExistsError:
            return
        finally:
            draft.unlink()


def _parsed(client: str, text: str) -> Credentials:
    """Return the credentials in the text of the client's file; others may have written it.

    Raises:
        ValueError: they are not the client's, or something is missing or malformed.
    """
    stored = json.loads(text)
    if not isinstance(stored, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - it is the file's value that is wrong
    unlike = [name for name in _MEMBERS if not isinstance(stored.get(name), str)]
    if unlike:
        message = f"expected a text as {unlike[0]!r}"
        raise ValueError(message)
    role = role_of(client)
    if (stored["client"], stored["role"]) != (client, role):
        message = f"expected client {client!r} and role {str(role)!r}, as the file's name says"
        raise ValueError(message)
    if not is_region(stored["region"]):
        raise ValueError(not_a_region(stored["region"]))
    if not stored["password"]:
        raise ValueError("expected a password")
    stored["password"].encode()  # a lone surrogate is text in JSON, and nothing that could be sent
    return Credentials(client, role, stored["region"], stored["password"])
