"""The broker and the links to it as participants meet them: messages come late, twice, out of order, never.

What is modelled is what MQTT promises and what brokers were seen to do (docs/adr/0005): sessions of services
outlive their connections and repeat what was not acknowledged, those of devices begin anew; state is
retained; a client that connects again takes its own place, and the last will of the place it takes is
published, late as it may be; a crash of the broker loses sessions, queues and everything retained. On top of
that a link may lose, repeat, delay or overtake single messages, as a path with several brokers on it does.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.protocol.topics import Role, TopicSpec, parse_topic
from chargeloop.simulation.faults import Links
from chargeloop.simulation.loop import Loop

# A connection of which nothing is heard is given up after one and a half keep-alives of 30 s.
_SILENCE_MS = 45_000
_LATENCY_MS = 4
_JITTER_MS = 30
_MAX_QUEUED = 1_000

Deliver = Callable[[Outgoing, int], None]


@dataclass(slots=True, eq=False)
class Port:
    """One client's place at the broker.

    Attributes:
        client: its id.
        persistent: whether its session outlives the connection.
        deliver: called with each message and the number to acknowledge it by (0: nothing to acknowledge).
        lost: called when the client notices that its connection is gone.
        connection: number of the present connection, 0 when there is none.
        cut: the link is dead, whatever both ends believe.
        will: published when the connection ends without a goodbye.
        reads: the topics that it subscribes to, by their names in the table; None: all that its role may.
        queue: what waits for a session that is away.
        unacknowledged: by number, what was sent and not acknowledged, oldest first.
    """

    client: str
    role: Role
    region: str
    persistent: bool
    deliver: Deliver
    lost: Callable[[], None]
    connection: int = 0
    cut: bool = False
    will: Outgoing | None = None
    reads: frozenset[str] | None = None
    known: bool = False
    queue: deque[Outgoing] = field(default_factory=deque)
    unacknowledged: dict[int, Outgoing] = field(default_factory=dict)


class Network:
    """The broker of one world.

    Args:
        loop: its time.
        links: how often what goes wrong with single messages; may be changed while it runs.
        draw: the network's own randomness.
    """

    def __init__(self, loop: Loop, links: Links, draw: random.Random) -> None:
        self.links = links
        self.is_up = True
        self.published = 0
        self.watch: Callable[[str, Outgoing], None] | None = None
        self.alter: Callable[[Outgoing], Outgoing] | None = None
        self.on_trouble: Callable[[str, Outgoing], None] | None = None
        self._loop = loop
        self._draw = draw
        self._ports: dict[str, Port] = {}
        self._readers: dict[str, tuple[Port, ...]] = {}
        self._retained: dict[str, Outgoing] = {}
        # What was retained before something was injected over it.
        self._hidden: dict[str, Outgoing | None] = {}
        self._last_ms: dict[tuple[str, str], int] = {}
        self._connections = 0
        self._tokens = 0

    def add(self, port: Port) -> Port:
        """Make a client known; it is not connected yet."""
        self._ports[port.client] = port
        self._readers.clear()
        return port

    def ports(self) -> Iterable[Port]:
        """Return all clients."""
        return self._ports.values()

    # What clients do.

    def reaches(self, port: Port) -> bool:
        """Tell whether a client could connect now: the broker is up and the link carries."""
        return self.is_up and not port.cut

    def is_read(self, region: str, row: TopicSpec) -> bool:
        """Tell whether any client of a region reads a kind of topic."""
        return any(_wants(port, region, row) for port in self._ports.values())

    def connect(self, port: Port, will: Outgoing | None) -> None:
        """Let a client that `reaches` the broker in, over its own old connection."""
        if port.connection:
            self._end(port)
        self._connections += 1
        port.connection, port.will = self._connections, will
        port.known = True
        if not port.persistent:
            port.queue.clear()
            port.unacknowledged.clear()
        waiting = [*port.unacknowledged.values(), *port.queue]
        port.unacknowledged.clear()
        port.queue.clear()
        for outgoing in waiting:
            self._send("", port, outgoing)
        for topic, outgoing in self._retained.items():
            if port in self._readers_of(topic):
                self._send("", port, outgoing)

    def leave(self, port: Port) -> None:
        """Let a client go in good order, without its last will."""
        port.connection = 0
        port.will = None

    def publish(self, port: Port, outgoing: Outgoing) -> None:
        """Take a message from a connected client; on a dead link it goes nowhere."""
        self.published += 1
        if self.watch is not None:
            self.watch(port.client, outgoing)
        if port.connection and not port.cut and self.is_up:
            self._spread(port.client, outgoing if self.alter is None else self.alter(outgoing))

    def inject(self, outgoing: Outgoing) -> None:
        """Have a message appear at the broker as if its writer had sent it."""
        if not self.is_up:
            return
        if outgoing.retain:
            self._hidden.setdefault(outgoing.topic, self._retained.get(outgoing.topic))
        self._spread("", outgoing)

    def uncover(self) -> None:
        """Let what was retained before something was injected over it be retained again."""
        for topic, before in self._hidden.items():
            if before is None:
                self._retained.pop(topic, None)
            else:
                self._retained[topic] = before
        self._hidden.clear()

    def acknowledge(self, port: Port, token: int) -> None:
        """Take the acknowledgement of a delivery."""
        port.unacknowledged.pop(token, None)

    # What goes wrong with whole links.

    def cut(self, port: Port) -> None:
        """Kill a link: both ends notice in their own time."""
        port.cut = True
        connection = port.connection
        if connection:
            self._loop.after(self._draw.randrange(_SILENCE_MS), lambda: self._noticed(port, connection))
            self._loop.after(self._draw.randrange(_SILENCE_MS), lambda: self._missed(port, connection))

    def mend(self, port: Port) -> None:
        """Let a link carry again."""
        port.cut = False

    def drop(self, port: Port) -> None:
        """End a client's process: the broker sees the connection close and publishes the last will."""
        if port.connection:
            self._end(port)

    def kick(self, port: Port) -> None:
        """Let somebody else connect under the client's id and go again: it notices at once."""
        if port.connection and self.is_up:
            self._end(port)
            port.lost()

    def crash(self) -> None:
        """Lose sessions, queues and all that was retained; clients notice at once or soon."""
        self.is_up = False
        self._retained.clear()
        self._hidden.clear()
        for port in self._ports.values():
            port.queue.clear()
            port.unacknowledged.clear()
            port.known = False
            if port.connection:
                port.connection, port.will = 0, None
                self._loop.after(self._draw.randrange(3_000), port.lost)

    def restart(self) -> None:
        """Run again, with nothing kept."""
        self.is_up = True

    def _noticed(self, port: Port, connection: int) -> None:
        """The client gives up a silent connection."""
        if port.connection in {connection, 0}:
            port.lost()

    def _missed(self, port: Port, connection: int) -> None:
        """The broker gives up a silent connection."""
        if port.connection == connection:
            self._end(port)

    def _end(self, port: Port) -> None:
        will = port.will
        port.connection, port.will = 0, None
        if will is None or not self.is_up:
            return
        if self._draw.random() < self.links.late_will:
            self._loop.after(
                self._draw.randrange(self.links.late_will_ms), lambda: self._spread(port.client, will)
            )
        else:
            self._spread(port.client, will)

    # The ways of messages.

    def _spread(self, sender: str, outgoing: Outgoing) -> None:
        if outgoing.retain:
            self._retained[outgoing.topic] = outgoing
            if sender:
                self._hidden.pop(outgoing.topic, None)
        for port in self._readers_of(outgoing.topic):
            self._send(sender, port, outgoing)

    def _readers_of(self, topic: str) -> tuple[Port, ...]:
        readers = self._readers.get(topic)
        if readers is None:
            readers = self._readers[topic] = tuple(self._find_readers(topic))
        return readers

    def _find_readers(self, topic: str) -> Iterable[Port]:
        parsed = parse_topic(topic)
        if parsed is None:
            return
        for role in parsed.spec.readers:
            named = parsed.ids.get(str(role))
            for port in self._ports.values():
                mine = port.client == named if named is not None else port.role is role
                if mine and _wants(port, parsed.region, parsed.spec):
                    yield port

    def _send(self, sender: str, port: Port, outgoing: Outgoing) -> None:
        """Put one copy on its way, or into the queue of a session that is away."""
        if not port.connection:
            if port.persistent and port.known and outgoing.qos and len(port.queue) < _MAX_QUEUED:
                port.queue.append(outgoing)
            return
        token = 0
        if outgoing.qos and port.persistent:
            self._tokens = token = self._tokens + 1
            port.unacknowledged[token] = outgoing
        at_ms = self._loop.now_ms() + _LATENCY_MS + int(self._draw.random() * _JITTER_MS)
        if self.links.trouble and self._draw.random() < self.links.trouble:
            self._send_in_trouble(port, outgoing, token, at_ms)
            return
        # Without trouble one link keeps the order of one sender.
        key = (sender, port.client)
        at_ms = self._last_ms[key] = max(at_ms, self._last_ms.get(key, 0))
        self._arrive_at(at_ms, port, outgoing, token)

    def _send_in_trouble(self, port: Port, outgoing: Outgoing, token: int, at_ms: int) -> None:
        """Lose the message, repeat it, let others overtake it, or hold it up."""
        links, draw = self.links, self._draw
        kind = draw.random() * links.trouble
        if self.on_trouble is not None:
            self.on_trouble(_name_of(links, kind), outgoing)
        if kind < links.loss:
            return
        if kind < links.loss + links.duplicate:
            self._arrive_at(at_ms, port, outgoing, token)
            self._arrive_at(at_ms + draw.randrange(60_000), port, outgoing, token, held=True)
        elif kind < links.loss + links.duplicate + links.reorder:
            self._arrive_at(at_ms + draw.randrange(8_000), port, outgoing, token, held=True)
        else:
            # Most are held up shortly, a few as long as can be.
            held_ms = int(links.delay_ms * draw.random() ** 6)
            self._arrive_at(at_ms + held_ms, port, outgoing, token, held=True)

    def _arrive_at(
        self, at_ms: int, port: Port, outgoing: Outgoing, token: int, *, held: bool = False
    ) -> None:
        connection = port.connection

        def arrive() -> None:
            if port.cut or not port.connection:
                return
            if port.connection == connection:
                port.deliver(outgoing, token)
            elif held:
                # Some hop before the broker had it: it comes though its connection is gone.
                port.deliver(outgoing, 0)

        self._loop.at(at_ms, arrive)


def _wants(port: Port, region: str, row: TopicSpec) -> bool:
    """Tell whether a client reads a kind of topic at all."""
    wanted = port.reads is None or row.name in port.reads
    return wanted and port.role in row.readers and port.region == region


def _name_of(links: Links, kind: float) -> str:
    if kind < links.loss:
        return "loss"
    if kind < links.loss + links.duplicate:
        return "duplicate"
    return "reorder" if kind < links.loss + links.duplicate + links.reorder else "delay"
