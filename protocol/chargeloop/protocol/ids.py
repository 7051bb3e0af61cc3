"""Identifiers: one prefix per kind of thing, one strict pattern, checked where made and where they arrive.

An id is a prefix of three letters, a dash, and lower-case letters, digits and single dashes, at most 48
characters in all; those of banks at most 40 and those of reservations at most 32, so that what a cabinet of
36 slots says of all of them fits into one message. It is safe in a topic, a file name, a URL path and a SQL
key without quoting. The id in a topic, the authenticated client id and the id in the payload must be the
same.
"""

import hashlib
import re
from collections.abc import Container
from enum import StrEnum
from typing import NewType

RegionId = NewType("RegionId", str)
CabinetId = NewType("CabinetId", str)
BankId = NewType("BankId", str)
CourierId = NewType("CourierId", str)
UserId = NewType("UserId", str)
OperatorId = NewType("OperatorId", str)
GatewayId = NewType("GatewayId", str)
RentalId = NewType("RentalId", str)
DispatchId = NewType("DispatchId", str)
OrderId = NewType("OrderId", str)
ReservationId = NewType("ReservationId", str)
JobId = NewType("JobId", str)
OfferId = NewType("OfferId", str)
CommandId = NewType("CommandId", str)
MessageId = NewType("MessageId", str)
JournalId = NewType("JournalId", str)
BootId = NewType("BootId", str)
ClientId = NewType("ClientId", str)

MAX_ID_LENGTH = 48
MAX_BANK_ID_LENGTH = 40
MAX_RESERVATION_ID_LENGTH = 32
_BODY = "[a-z0-9]+(?:-[a-z0-9]+)*"
REGION_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
MESSAGE_ID_PATTERN = r"^[A-Za-z0-9._:-]{1,128}$"
BOOT_ID_PATTERN = r"^[a-z0-9-]{1,36}$"


class IdKind(StrEnum):
    """The prefix of each kind of id."""

    CABINET = "cab"
    BANK = "bnk"
    COURIER = "cou"
    USER = "usr"
    OPERATOR = "opr"
    GATEWAY = "gwy"
    RENTAL = "rnt"
    DISPATCH = "dsp"
    ORDER = "ord"
    RESERVATION = "rsv"
    JOB = "job"
    OFFER = "off"
    COMMAND = "cmd"
    JOURNAL = "jnl"


_EXAMPLES = {
    IdKind.CABINET: "0001",
    IdKind.BANK: "000017",
    IdKind.COURIER: "cleo",
    IdKind.USER: "ada",
    IdKind.OPERATOR: "anna",
    IdKind.GATEWAY: "main",
    IdKind.RENTAL: "main",
    IdKind.DISPATCH: "main",
}
_MAX_LENGTHS = {IdKind.BANK: MAX_BANK_ID_LENGTH, IdKind.RESERVATION: MAX_RESERVATION_ID_LENGTH}


class InvalidIdError(ValueError):
    """The text is not an id of the wanted kind; the message says what one looks like."""


def id_pattern(kind: IdKind) -> str:
    """Return the anchored regular expression of one kind of id (length is checked apart)."""
    return f"^{kind.value}-{_BODY}$"


def max_length(kind: IdKind) -> int:
    """Return how many characters an id of this kind may have."""
    return _MAX_LENGTHS.get(kind, MAX_ID_LENGTH)


_COMPILED = {kind: re.compile(id_pattern(kind)) for kind in IdKind}
_REGION = re.compile(REGION_PATTERN)


def not_an_id(kind: IdKind, text: str) -> str:
    """Return what people are told of a text that is no id of a kind: what one looks like."""
    name = kind.name.lower()
    article = "an" if name[0] in "aeio" else "a"
    shown = f"{kind.value}-{_EXAMPLES.get(kind, '5f0c2a')}"
    return (
        f"{text!r} is not {article} {name} id: expected {kind.value}-… of a-z, 0-9 and single dashes,"
        f" at most {max_length(kind)} characters, for instance {shown}{in_lower_case(text, (kind,))}"
    )


def not_a_region(text: str) -> str:
    """Return what people are told of a text that is no region: what one looks like."""
    return (
        f"{text!r} is not a region: expected a letter a-z, then a-z, 0-9 and dashes, at most 32 characters"
        " in all, for instance demo"
    )


def in_lower_case(text: str, kinds: Container[IdKind]) -> str:
    """Return `; ids are lower case: …` when that alone keeps a text from being an id of these kinds."""
    lower = text.lower()
    return f"; ids are lower case: {lower}" if lower != text and kind_of(lower) in kinds else ""


def is_id(kind: IdKind, text: str) -> bool:
    """Tell whether `text` is an id of `kind`."""
    return len(text) <= max_length(kind) and _COMPILED[kind].fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Tell whether `text` is a region id (a letter, then letters, digits and dashes; at most 32)."""
    return _REGION.fullmatch(text) is not None


def require_id(kind: IdKind, text: str) -> str:
    """Return `text` when it is an id of `kind`.

    Raises:
        InvalidIdError: it is not; the message shows what one looks like.
    """
    if not is_id(kind, text):
        raise InvalidIdError(not_an_id(kind, text))
    return text


def kind_of(text: str) -> IdKind | None:
    """Return the kind of a well-formed id by its prefix, or None."""
    prefix = text.partition("-")[0]
    if prefix not in set(IdKind):
        return None
    kind = IdKind(prefix)
    return kind if is_id(kind, text) else None


def derived_id(kind: IdKind, *parts: str) -> str:
    """Return the id that always follows from `parts`: 20 hex digits (80 bits) of their SHA-256.

    Deriving instead of drawing makes a repeated request name the same thing twice, so it cannot make two.
    """
    return f"{kind.value}-{digest_of(*parts)}"


def digest_of(*parts: str) -> str:
    """Return 20 hex digits (80 bits) of the SHA-256 of `parts`.

    An id that is made from another one needs it: an id that was received may be as long as one can be.
    """
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]
