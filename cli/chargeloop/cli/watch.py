"""`chargeloop watch`: what travels over the broker, as an operator may see it."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import aiomqtt
from paho.mqtt.client import topic_matches_sub
from pydantic_core import from_json

from chargeloop.broker import Credentials
from chargeloop.broker.access import AccessRules
from chargeloop.cli.codes import without_codes
from chargeloop.cli.errors import CommandError
from chargeloop.cli.listening import Ear, Link, Where, listen
from chargeloop.cli.news import readable
from chargeloop.cli.visible import visible
from chargeloop.protocol.time import format_instant

DEFAULT_FORMAT = "%t %p"
TERMINAL_FORMAT = "%w"
JSON_FORMAT = "%J"
TIMED_OUT = 27  # mosquitto_sub's exit code when -W ran out
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as it came: `at_ns` is the time of receipt in ns since 1970 UTC."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    at_ns: int


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch: topic filters, filters to leave out, how to print, when to stop (None: never)."""

    filters: tuple[str, ...]
    without: tuple[str, ...]
    form: str
    count: int | None
    seconds: float | None


def check_filter(text: str) -> str:
    """Return `text` when it is a topic filter (MQTT 3.1.1, section 4.7).

    Raises:
        CommandError: it is not; the message says why.
    """
    levels = text.split("/")
    alone = all(level in {"+", "#"} or not {"+", "#"} & set(level) for level in levels)
    if not text or "\0" in text or not alone or "#" in levels[:-1]:
        raise CommandError(
            f"{text!r} is not a topic filter: + and # stand for whole levels, # only for the last"
        )
    return text


def check_format(form: str) -> str:
    """Return `form` when every % in it is one we know.

    Raises:
        CommandError: it has another one.
    """
    unknown = [name for name in _placeholders(form) if name not in _FIELDS]
    if unknown:
        known = " ".join(f"%{name}" for name in _FIELDS)
        raise CommandError(f"unknown %{unknown[0]} in the format; known: {known}")
    return form


def _placeholders(form: str) -> list[str]:
    names = []
    rest = form
    while "%" in rest:
        _, _, rest = rest.partition("%")
        names.append(rest[:1])
        rest = rest[1:]
    return names


def _text(seen: Seen) -> str:
    return seen.payload.decode("utf-8", "replace")


def _described(seen: Seen, payload: object) -> str:
    described = {
        "tst": _iso(seen),
        "topic": seen.topic,
        "qos": seen.qos,
        "retain": int(seen.retain),
        "payloadlen": len(seen.payload),
        "payload": payload,
    }
    return json.dumps(described, ensure_ascii=False)


def _parsed(seen: Seen) -> object:
    """Return the payload as JSON, or as text when it is not JSON."""
    try:
        return from_json(seen.payload)
    except ValueError:
        return _text(seen)


def _iso(seen: Seen) -> str:
    return format_instant(seen.at_ns // 1_000_000)


_FIELDS: Mapping[str, Callable[[Seen], str]] = {
    "%": lambda _: "%",
    "t": lambda seen: seen.topic,
    "p": lambda seen: without_codes(_text(seen)),
    "x": lambda seen: seen.payload.hex(),
    "w": lambda seen: readable(seen.topic, seen.payload),
    "l": lambda seen: str(len(seen.payload)),
    "q": lambda seen: str(seen.qos),
    "r": lambda seen: str(int(seen.retain)),
    "U": lambda seen: f"{seen.at_ns // 10**9}.{seen.at_ns % 10**9:09d}",
    "I": _iso,
    "j": lambda seen: _described(seen, _text(seen)),
    "J": lambda seen: _described(seen, _parsed(seen)),
}


def formatted(form: str, seen: Seen) -> str:
    r"""Return the line for one message: %-fields (those of `check_format`) and \n, \t, \\ are filled in."""
    parts: list[str] = []
    characters = iter(form)
    for character in characters:
        following = next(characters, "") if character in "%\\" else ""
        if character == "%":
            parts.append(visible(_FIELDS[following](seen)))
        elif character == "\\":
            parts.append(_ESCAPES.get(following, f"\\{following}"))
        else:
            parts.append(character)
    return "".join(parts)


async def watch(
    wanted: Watch,
    credentials: Credentials,
    where: Where,
    *,
    show: Callable[[str], None],
    note: Callable[[str], None],
) -> int:
    """Print messages until enough have come or the time is over; returns the exit code.

    A lost connection is made again. `note` gets what is to be said beside the messages.

    Raises:
        CommandError: no connection could be made at first.
    """
    for text in unheard(wanted.filters, credentials):
        note(f"nothing that an operator may read matches {text!r}: topics.md lists all topics")
    watcher = _Watcher(wanted, show, note)
    ear = Ear(wanted.filters)
    try:
        async with asyncio.timeout(wanted.seconds):
            await listen(credentials, where, ear, heard=watcher.take, link=watcher.tell)
    except TimeoutError:
        return TIMED_OUT
    return 0


class _Watcher:
    """Counts what it shows, over all connections of one watch."""

    def __init__(self, wanted: Watch, show: Callable[[str], None], note: Callable[[str], None]) -> None:
        self._wanted = wanted
        self._show = show
        self._note = note
        self._left = wanted.count
        self._is_lost = False

    def take(self, message: aiomqtt.Message) -> bool:
        """Show the message when it is wanted; tell whether that was the last."""
        topic = str(message.topic)
        if any(topic_matches_sub(text, topic) for text in self._wanted.without):
            return False
        seen = Seen(topic, message.payload, message.qos, message.retain, time.time_ns())
        self._show(formatted(self._wanted.form, seen))
        if self._left is not None:
            self._left -= 1
        return self._left == 0

    def tell(self, link: Link) -> None:
        """Note that the connection was lost, or made again."""
        if link.trouble is not None:
            self._note(f"connection lost ({link.trouble}); connecting again")
        elif self._is_lost:
            self._note(f"connected to {link.address}")
        self._is_lost = link.trouble is not None


def topics_or_region(filters: Sequence[str], region: str) -> tuple[str, ...]:
    """Return the filters given, or everything of the region."""
    return tuple(check_filter(text) for text in filters) or (f"cl/v1/{region}/#",)


def unheard(filters: Sequence[str], credentials: Credentials) -> list[str]:
    """Return the filters on which nothing can come: brokers grant them all and then send nothing."""
    reads = AccessRules.of(credentials).reads
    return [text for text in filters if not any(_overlap(text, rule) for rule in reads)]


def _overlap(asked: str, rule: str) -> bool:
    """Tell whether some topic matches both filters; `rule` has no `#`."""
    levels, wanted = rule.split("/"), asked.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(levels) == len(wanted) and all(
        one == other or "+" in {one, other} for one, other in zip(levels, wanted, strict=True)
    )
