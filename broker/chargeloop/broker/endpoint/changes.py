"""What one batch of messages changes in the endpoint's own tables: rows as data, for one transaction."""

from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready for the wire."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    message_id: str


class RequestRow(NamedTuple):
    """A request taken, by asker and id, with the fingerprint of what it asked."""

    source: str
    id: str
    fingerprint: str
    received_ms: int


class ReplyRow(NamedTuple):
    """One message that answered a request; repeated, in order, when the request is."""

    source: str
    request: str
    position: int
    topic: str
    message_id: str
    payload: str


class ChannelRow(NamedTuple):
    """An outgoing journal: its id, the last number given out and the last acknowledged."""

    topic: str
    journal: str
    last: int
    acked: int


class EntryRow(NamedTuple):
    """An entry of an outgoing journal that waits for its acknowledgement."""

    topic: str
    seq: int
    message_id: str
    payload: str


class LeaseRow(NamedTuple):
    """A command or offer that is sent again until it is settled or expires."""

    id: str
    topic: str
    expires_ms: int
    payload: str


class StateRow(NamedTuple):
    """The latest body of a retained topic."""

    topic: str
    message_id: str
    payload: str


class QuarantineRow(NamedTuple):
    """A message that could not be taken; `digest` is the SHA-256 of topic and payload."""

    digest: str
    topic: str
    fault: str
    detail: str
    size: int
    payload: bytes
    received_ms: int


@dataclass(slots=True)
class Changes:
    """The rows of one transaction. What is put in twice stands once, with its latest value.

    `begun_anew` are topics whose journal is another one now: what waited in the old one goes first.

    `urgent` tells whether messages may only be acknowledged after these changes are on disk. An
    acknowledgement received for our own journal is not urgent: forgotten, it only makes us send again what
    the receiver will recognise; neither are counters.
    """

    urgent: bool = False
    begun_anew: dict[str, None] = field(default_factory=dict)
    marks: dict[tuple[str, str], int] = field(default_factory=dict)
    requests: list[RequestRow] = field(default_factory=list)
    replies: list[ReplyRow] = field(default_factory=list)
    channels: dict[str, ChannelRow] = field(default_factory=dict)
    entries: list[EntryRow] = field(default_factory=list)
    leases: dict[str, LeaseRow] = field(default_factory=dict)
    settled: dict[str, None] = field(default_factory=dict)
    states: dict[str, StateRow] = field(default_factory=dict)
    quarantined: list[QuarantineRow] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Kept:
    """What the store held when it was opened.

    Attributes:
        store_id: drawn when the store was made; journals sent from it are named after it.
        starts: how often the store has been opened, this time included; no two runs share it.
        requests: the latest ones, oldest first, with their `replies`.
        all_requests: whether `requests` are all there ever were; the others are asked for when they matter.
        digests: of messages on which the core failed in an earlier run.
    """

    store_id: str
    starts: int
    marks: dict[tuple[str, str], int] = field(default_factory=dict)
    requests: list[RequestRow] = field(default_factory=list)
    replies: list[ReplyRow] = field(default_factory=list)
    all_requests: bool = True
    channels: list[ChannelRow] = field(default_factory=list)
    entries: list[EntryRow] = field(default_factory=list)
    leases: list[LeaseRow] = field(default_factory=list)
    states: list[StateRow] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    counters: dict[str, int] = field(default_factory=dict)
