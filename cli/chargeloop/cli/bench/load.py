"""The load: a second process that plays everybody around the rental platform, with messages encoded before.

Theory: one thread, one selector, plain sockets. What is to be sent is bytes already; of what arrives only the
few digits are read that tell what has been answered: journal acknowledgements by their number, replies by
their count, and what followed from an event by its `causationid`. So the load costs little beside what is
measured, and the clock that times an answer is the clock that timed the question.
"""

import selectors
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

from chargeloop.cli.bench import packets

_READ_BYTES: Final = 256 * 1024
_PATIENCE_S: Final = 120.0
_LISTENERS_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Client:
    """One participant that the load plays; `journal_topic` is where it acknowledges what it is sent."""

    name: str
    password: str
    filters: tuple[str, ...] = ()
    journal_topic: str | None = None


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection for each client."""

    host: str
    port: int
    clients: tuple[Client, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What is sent, by client, and what must have come back before the step is over.

    `acked` is the journal number that the client's acknowledgements must reach, `replies` the number of
    replies it must have had in all. With `again_s` all is sent again so often (seconds) until then.
    """

    sends: Mapping[str, bytes]
    acked: Mapping[str, int] = field(default_factory=dict)
    replies: Mapping[str, int] = field(default_factory=dict)
    again_s: float | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """Play the steps one after the other; answers with the times (seconds) when it began and was over."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """One message of a stream: who sends it, and by what its reaction is known.

    `key` is the message id that a reaction names as its cause; without one the reaction is the
    acknowledgement that reaches `seq`.
    """

    client: str
    packet: bytes
    seq: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """Send the messages at this rate; answers with the milliseconds that each reaction took."""

    per_second: int
    messages: tuple[Timed, ...]


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget which journal entries have been acknowledged: the same are sent to somebody else."""


class LoadError(RuntimeError):
    """What was waited for did not come; the message says what is missing."""


def run(pipe: Connection) -> None:
    """Do what is asked over the pipe until it is closed; every answer is a value or an error's text."""
    load = _Load()
    acts: Mapping[type[Any], Callable[[Any], Any]] = {
        Connect: load.connect,
        Play: load.play,
        Pace: load.pace,
        Forget: load.forget,
    }
    while True:
        try:
            asked = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send((acts[type(asked)](asked), None))
        except (LoadError, OSError) as error:
            pipe.send((None, f"{type(error).__name__}: {error}"))


class _Session:
    """One connection, what came in by it and what still has to go out."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.acked = 0
        self.replies = 0
        self.ready = False
        self.waiting = bytearray()
        self.received = bytearray()
        self.socket = socket.socket()

    def open(self, host: str, port: int) -> None:
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.waiting += packets.connect(self.client.name, self.client.password)
        if self.client.filters:
            self.waiting += packets.subscribe(list(self.client.filters))


class _Load:
    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._sessions: dict[str, _Session] = {}
        self._number = 0
        self._caused: Callable[[str], None] = lambda _cause: None
        self._acked: Callable[[_Session], None] = lambda _session: None

    # What can be asked.

    def connect(self, asked: Connect) -> None:
        """Open all connections, a few at a time: a listening queue is short."""
        for start in range(0, len(asked.clients), _LISTENERS_AT_ONCE):
            some = [_Session(client) for client in asked.clients[start : start + _LISTENERS_AT_ONCE]]
            for session in some:
                session.open(asked.host, asked.port)
                self._sessions[session.client.name] = session
                self._selector.register(session.socket, selectors.EVENT_READ, session)
                self._flush(session)
            self._until(lambda some=some: all(session.ready for session in some), "connections")  # type: ignore[misc]

    def play(self, asked: Play) -> tuple[float, float]:
        """Send each step and wait for what follows from it."""
        began_s = time.monotonic()
        for number, step in enumerate(asked.steps, 1):
            self._play(step, f"answers to step {number}")
        return began_s, time.monotonic()

    def _play(self, step: Step, what: str) -> None:
        due_s = time.monotonic()
        again_s = _PATIENCE_S if step.again_s is None else step.again_s
        unanswered = {self._sessions[name] for name in (*step.acked, *step.replies)}

        def done() -> bool:
            nonlocal due_s
            over = self._answered(step, unanswered)
            if time.monotonic() >= due_s:
                due_s += again_s
                for name, data in step.sends.items():
                    self._send(self._sessions[name], data)
            return over

        self._until(done, what)

    def pace(self, asked: Pace) -> list[float]:
        """Send at the wanted rate and time the reactions."""
        sent_s: dict[str, float] = {}
        unacked: dict[str, list[tuple[int, float]]] = {}
        took_ms: list[float] = []

        def caused(cause: str) -> None:
            since_s = sent_s.pop(cause, None)
            if since_s is not None:
                took_ms.append((time.monotonic() - since_s) * 1000)

        def acked(session: _Session) -> None:
            waiting = unacked.get(session.client.name, [])
            now_s = time.monotonic()
            while waiting and waiting[0][0] <= session.acked:
                took_ms.append((now_s - waiting.pop(0)[1]) * 1000)

        self._caused, self._acked = caused, acked
        began_s = time.monotonic()
        for number, message in enumerate(asked.messages):
            due_s = began_s + number / asked.per_second
            while (left_s := due_s - time.monotonic()) > 0:
                self._turn(left_s)
            now_s = time.monotonic()
            if message.key is None:
                unacked.setdefault(message.client, []).append((message.seq, now_s))
            else:
                sent_s[message.key] = now_s
            self._send(self._sessions[message.client], message.packet)
            self._turn(0)
        self._until(lambda: len(took_ms) >= len(asked.messages), "reactions")
        return took_ms

    def forget(self, _: Forget) -> None:
        """Begin again with no entry acknowledged."""
        for session in self._sessions.values():
            session.acked = 0

    # Sockets.

    def _until(self, done: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + _PATIENCE_S
        while not done():
            if time.monotonic() > deadline_s:
                raise LoadError(f"no {what} in {_PATIENCE_S:.0f} s")
            self._turn(0.1)

    @staticmethod
    def _answered(step: Step, sessions: set[_Session]) -> bool:
        over = [
            one
            for one in sessions
            if one.acked >= step.acked.get(one.client.name, 0)
            and one.replies >= step.replies.get(one.client.name, 0)
        ]
        sessions.difference_update(over)
        return not sessions

    def _turn(self, patience_s: float) -> None:
        for key, events in self._selector.select(patience_s):
            session: _Session = key.data
            if events & selectors.EVENT_WRITE:
                self._flush(session)
            if events & selectors.EVENT_READ:
                self._read(session)

    def _send(self, session: _Session, data: bytes) -> None:
        session.waiting += data
        self._flush(session)

    def _flush(self, session: _Session) -> None:
        try:
            sent = session.socket.send(session.waiting) if session.waiting else 0
        except BlockingIOError:
            sent = 0
        del session.waiting[:sent]
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if session.waiting else 0)
        if self._selector.get_key(session.socket).events != events:
            self._selector.modify(session.socket, events, session)

    def _read(self, session: _Session) -> None:
        try:
            data = session.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            raise LoadError(f"the broker closed the connection of {session.client.name}")
        session.received += data
        self._take(session, packets.split(session.received))

    def _take(self, session: _Session, arrived: Iterable[packets.Packet]) -> None:
        last_request: bytes | None = None
        for packet in arrived:
            if packet.is_publish:
                topic, payload = packet.message()
                if topic.endswith("/request"):
                    last_request = payload
                else:
                    self._understand(session, topic, payload)
            elif packet.kind == (9 if session.client.filters else 2):  # SUBACK, or CONNACK alone
                session.ready = True
        if last_request is not None:
            self._acknowledge(session, last_request)

    def _understand(self, session: _Session, topic: str, payload: bytes) -> None:
        word = topic.rpartition("/")[2]
        if word.endswith("ack"):
            session.acked = max(session.acked, last_number(payload))
            self._acked(session)
        elif word == "reply":
            session.replies += 1
        elif word == "event":
            self._caused(text_of(payload, b'"causationid":"'))

    def _acknowledge(self, session: _Session, payload: bytes) -> None:
        """Acknowledge a journal that the client is sent, as its receiver would after a commit."""
        topic = session.client.journal_topic
        if topic is None:
            return
        self._number += 1
        journal, seq = text_of(payload, b'"journalid":"'), number_of(payload, b'"seq":')
        body = (
            b'{"specversion":"1.0","id":"bench-%d","source":"dispatch/%s",'
            b'"type":"chargeloop.common.journal_ack.v1","time":"2026-11-23T12:00:00.000Z",'
            b'"data":{"journal":"%s","seq":%d,"gap":false}}'
        ) % (self._number, session.client.name.encode(), journal.encode(), seq)
        self._send(session, packets.publish(topic, body, self._number))


def text_of(payload: bytes, before: bytes) -> str:
    """Return the JSON text that stands behind `before` (up to and with its opening quote), or nothing."""
    _, found, rest = payload.partition(before)
    return rest[: rest.index(b'"')].decode() if found else ""


def number_of(payload: bytes, before: bytes) -> int:
    """Return the digits that stand behind the first `before`, 0 when there are none."""
    return _digits(payload.partition(before)[2])


def last_number(payload: bytes) -> int:
    """Return the last `"seq":` of a message: an acknowledgement's, or the number of an entry echoed."""
    return _digits(payload.rpartition(b'"seq":')[2])


def _digits(text: bytes) -> int:
    end = 0
    while end < len(text) and 48 <= text[end] <= 57:
        end += 1
    return int(text[:end] or b"0")


def publishes(topic: str, payloads: Sequence[bytes]) -> bytes:
    """Return the packets of messages on one topic, one behind the other."""
    return b"".join(packets.publish(topic, payload, number) for number, payload in enumerate(payloads))
