"""The files that make Mosquitto (2.0) our broker: configuration, passwords and access rules.

Everything here returns text; `chargeloop.broker.software` writes it and `chargeloop.broker.process` runs
Mosquitto with it. Two of its limits are faults to know: a client's queue is cut in silence when it is full,
and a forbidden publish is acknowledged like any other. Senders therefore keep a message until the receiver's
own acknowledgement.
"""

import base64
import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chargeloop.broker.access import AccessRules
from chargeloop.broker.limits import MAX_PACKET_BYTES, MAX_QUEUED_MESSAGES

# Mosquitto's own default. More would only slow reconnect storms: our passwords are 32 random bytes, which no
# number of rounds makes harder to guess.
_ROUNDS: Final = 101
_SALT_BYTES: Final = 12
_HASH_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class MosquittoFiles:
    """Where the files of one Mosquitto are."""

    directory: Path

    @property
    def configuration(self) -> Path:
        """Return the path of the configuration file."""
        return self.directory / "mosquitto.conf"

    @property
    def passwords(self) -> Path:
        """Return the path of the password file."""
        return self.directory / "mosquitto.passwords"

    @property
    def access(self) -> Path:
        """Return the path of the file of access rules."""
        return self.directory / "mosquitto.access"


def find_mosquitto() -> str | None:
    """Return the path of the mosquitto program, or None; Debian keeps it where users' PATH does not look."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def configuration_text(files: MosquittoFiles, host: str, port: int) -> str:
    """Return mosquitto.conf for one closed listener at host and port."""
    lines = (
        "# Made by chargeloop from its topic table; written again at every start.",
        f"listener {port} {host}",
        "# One listener, one set of rules.",
        "per_listener_settings false",
        "allow_anonymous false",
        "allow_zero_length_clientid false",
        f"password_file {files.passwords}",
        f"acl_file {files.access}",
        "# Nobody can take another's client id, and with it the session and what is queued in it.",
        "use_username_as_clientid true",
        *_user(),
        "# Off: with it Mosquitto still loses acknowledged messages when killed, and what matters is sent",
        "# again from journals and outboxes, so a broker without a memory is the simpler one.",
        "persistence false",
        "persistent_client_expiration 1d",
        "# A larger packet ends the connection, which its sender notices; `message_size_limit` would",
        "# acknowledge the message and drop it.",
        f"max_packet_size {MAX_PACKET_BYTES}",
        "# Platforms acknowledge after a commit, of a thousand messages when many wait, and the next",
        "# thousand should be there by then; the default 20 would starve them.",
        "max_inflight_messages 2000",
        "# What may wait for one client that is away or slow; more is dropped, and sent again later.",
        f"max_queued_messages {MAX_QUEUED_MESSAGES}",
        "max_queued_bytes 33554432",
        "max_connections 20000",
        "set_tcp_nodelay true",
        "# The access rules let nobody read $SYS.",
        "sys_interval 0",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
        "# A line for each connection would let any client that keeps trying fill the disk.",
        "connection_messages false",
    )
    return "\n".join(lines) + "\n"


def password_line(client: str, password: str, salt: bytes | None = None) -> str:
    """Return a line of the password file: `client:$7$rounds$salt$hash`, PBKDF2 with HMAC-SHA-512.

    The format is mosquitto_passwd's; `salt` is drawn when None.
    """
    drawn = os.urandom(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), drawn, _ROUNDS, _HASH_BYTES)
    return f"{client}:$7${_ROUNDS}${_base64(drawn)}${_base64(digest)}"


def access_text(rules: Iterable[AccessRules]) -> str:
    """Return the file of access rules: a section for each client, nothing outside of them.

    There are no `pattern` lines with `%u` or `%c`: what each client may do stands there to be read.
    """
    return "".join(f"{_section(one)}\n" for one in rules)


def _section(rules: AccessRules) -> str:
    writes = (f"topic write {text}" for text in rules.writes)
    reads = (f"topic read {text}" for text in rules.reads)
    return "".join(f"{line}\n" for line in (f"user {rules.client}", *writes, *reads))


def _user() -> tuple[str, ...]:
    """Keep Mosquitto from changing to its own user when started as root: it could not read our files then."""
    return ("user root",) if os.geteuid() == 0 else ()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
