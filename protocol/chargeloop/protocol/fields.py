"""Field types of the messages: each is a plain value inside and a checked, documented text on the wire."""

from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from chargeloop.protocol import ids, text
from chargeloop.protocol.ids import IdKind
from chargeloop.protocol.money import require_currency
from chargeloop.protocol.time import format_instant, parse_instant


def _of(kind: IdKind) -> StringConstraints:
    return StringConstraints(pattern=ids.id_pattern(kind), max_length=ids.max_length(kind))


Region = Annotated[ids.RegionId, StringConstraints(pattern=ids.REGION_PATTERN)]
Cabinet = Annotated[ids.CabinetId, _of(IdKind.CABINET)]
Bank = Annotated[ids.BankId, _of(IdKind.BANK)]
Courier = Annotated[ids.CourierId, _of(IdKind.COURIER)]
User = Annotated[ids.UserId, _of(IdKind.USER)]
Operator = Annotated[ids.OperatorId, _of(IdKind.OPERATOR)]
Order = Annotated[ids.OrderId, _of(IdKind.ORDER)]
Reservation = Annotated[ids.ReservationId, _of(IdKind.RESERVATION)]
Job = Annotated[ids.JobId, _of(IdKind.JOB)]
Offer = Annotated[ids.OfferId, _of(IdKind.OFFER)]
Command = Annotated[ids.CommandId, _of(IdKind.COMMAND)]
Journal = Annotated[ids.JournalId, _of(IdKind.JOURNAL)]
Boot = Annotated[ids.BootId, StringConstraints(pattern=ids.BOOT_ID_PATTERN)]
Message = Annotated[ids.MessageId, StringConstraints(pattern=ids.MESSAGE_ID_PATTERN)]
MessageType = Annotated[
    str, StringConstraints(pattern=r"^chargeloop\.[a-z_]+\.[a-z_]+\.v[0-9]+$", max_length=80)
]
Currency = Annotated[str, AfterValidator(require_currency)]


def _instant(value: Any, info: ValidationInfo) -> Any:
    # Inside the product an instant is an integer already; on the wire only RFC 3339 text is one.
    if info.mode == "json":
        if not isinstance(value, str):
            message = "a time on the wire is RFC 3339 text"
            raise ValueError(message)
        return parse_instant(value)
    return value


Instant = Annotated[
    int,
    BeforeValidator(_instant),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _digits(value: Any, info: ValidationInfo) -> Any:
    if info.mode == "json":
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16):
            message = "milliseconds of uptime travel as text of up to 16 decimal digits"
            raise ValueError(message)
        return int(value)
    return value


# CloudEvents integers have 32 bits, too few for milliseconds since boot, so these travel as decimal digits.
UptimeMs = Annotated[
    int,
    BeforeValidator(_digits),
    Field(ge=0),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,16}$"}),
]

Seq = Annotated[int, Field(ge=1, le=2**31 - 1)]
Epoch = Annotated[int, Field(ge=0, le=2**53)]
Slot = Annotated[int, Field(ge=1, le=36)]
MOST_BANKS: Final = 20
Quantity = Annotated[int, Field(ge=1, le=MOST_BANKS)]
Count = Annotated[int, Field(ge=0, le=2**53)]
MOST_CYCLES: Final = 99_999  # no battery lives through a hundredth of these
Cycles = Annotated[int, Field(ge=0, le=MOST_CYCLES)]
Percent = Annotated[int, Field(ge=0, le=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,8}$")]
Minor = Annotated[int, Field(ge=-(2**53), le=2**53)]
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=text.MAX_TEXT_LENGTH, pattern=text.TEXT_PATTERN),
    AfterValidator(text.require_short),
]


def _made_to_fit(value: Any, info: ValidationInfo) -> Any:
    return text.fitting(value) if info.mode == "python" and isinstance(value, str) else value


# What a service says, perhaps in others' words or words kept from before: cut where it is said, not refused.
Said = Annotated[Reason, BeforeValidator(_made_to_fit)]
# A reason that is shown with an operator's id before it.
ReasonOfOperator = Annotated[Reason, StringConstraints(max_length=140)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
