"""What a message tells people: a sentence for what they care about, or all of its members in a line."""

from collections.abc import Iterator
from typing import Any

from chargeloop.cli.codes import is_code, without_codes
from chargeloop.cli.words import in_words
from chargeloop.protocol.codec import Fault, decode
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.messages.cabinet import BankEjected, BankReturned, EjectFailed
from chargeloop.protocol.messages.rental import OrderMoved
from chargeloop.protocol.time import format_instant
from chargeloop.protocol.topics import parse_topic

_TOLD_EVENTS = frozenset(
    {"reservation_refused", "courier_left", "redirected", "problem_reported", "bank_found"}
)
_DOUBTFUL = frozenset({ClockState.UNSET, ClockState.FREE})
_DEGREE_E7 = 10_000_000


def news_of(where: str, data: Data) -> str | None:
    """Return the sentence about an order or a bank, or None when people need not know.

    Args:
        where: the id of the topic's owner.
        data: what the message says.
    """
    match data:
        case OrderMoved() if data.from_state is not data.to_state or data.event in _TOLD_EVENTS:
            return _order_sentence(data)
        case BankEjected():
            return f"{where} gave out {data.bank} from slot {data.slot}"
        case EjectFailed():
            return f"{where} slot {data.slot} jammed: {data.bank} did not come out"
        case BankReturned():
            return f"{where} took {data.bank} into slot {data.slot}"
        case _:
            return None


def _order_sentence(data: OrderMoved) -> str:
    reason = "" if data.reason is None else f" ({data.reason})"
    came = (
        ""
        if str(data.to_state) == data.event or data.from_state is data.to_state
        else f", now {in_words(data.to_state)}"
    )
    return f"{data.order} {in_words(data.event)}{came}{reason}"


def readable(topic: str, payload: bytes) -> str:
    """Return one line for a message: its own time, whose topic it is, what it is, and what it says.

    A `~` before the time tells that the sender is not sure of its clock. What is no message of ours is shown
    as it is, codes aside, after its topic.
    """
    understood = parse_topic(topic)
    envelope = decode(payload)
    if understood is None or isinstance(envelope, Fault):
        return f"{topic} {without_codes(payload.decode('utf-8', 'replace'))}"
    data = envelope.data
    doubt = "~" if envelope.clockstate in _DOUBTFUL else ""
    time = f"{doubt}{format_instant(envelope.time)[11:19]}"
    return " ".join((time, understood.owner, name_of(data), *members(data)))


def name_of(data: Data) -> str:
    """Return what kind of message it is, in words: `bank ejected`."""
    return data.TYPE.split(".")[2].replace("_", " ")


def members(data: Data) -> Iterator[str]:
    """Yield `name=value` for what a message says: places in degrees, of lists of parts their length.

    Codes that open a cabinet or prove a hand-over are left out: many may look at a screen.
    """
    yield from _members("", data.model_dump(mode="json", exclude_none=True))


def _members(within: str, values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if is_code(name, value):
            continue
        if isinstance(value, dict):
            yield from [_place(name, value)] if "lat_e7" in value else _members(f"{within}{name}.", value)
        elif isinstance(value, list):
            parts = any(isinstance(part, dict) for part in value)
            yield f"{within}{name}={len(value) if parts else ','.join(map(str, value)) or '-'}"
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            yield f"{within}{name}={_quoted(text)}"


def _place(name: str, value: dict[str, Any]) -> str:
    return f"{name}={value['lat_e7'] / _DEGREE_E7:.5f},{value['lon_e7'] / _DEGREE_E7:.5f}"


def _quoted(text: str) -> str:
    return f"'{text}'" if " " in text else text
