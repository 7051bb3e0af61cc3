"""A device on the simulated broker: what cabinets, phones and people have in common.

The shell of a real device (`broker/device/link.py`) connects for ever, publishes what its outbox gives out,
and hands on what arrives; this does the same with the same outbox, in calls instead of tasks. What survives
a power cut is the journal, the counters of boots and connections, and what a subclass keeps; all else is
made anew at the next boot. Losing power is an exception that unwinds to where the device was called.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final

from chargeloop.broker.device.clock import DeviceClock
from chargeloop.broker.device.outbox import DeviceOutbox, LinkPolicy
from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.intake import check
from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.codec import Fault
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import BootId
from chargeloop.protocol.messages.common import ConnectionState, JournalAck, Presence, TimeReply
from chargeloop.protocol.messages.world import BankInserted, CabinetAnswered
from chargeloop.protocol.time import DAY_MS, HOUR_MS, MINUTE_MS
from chargeloop.protocol.topics import TOPICS, Role, parse_topic, source_of
from chargeloop.simulation.disk import DiskJournal
from chargeloop.simulation.loop import Act, Alarm
from chargeloop.simulation.network import Port
from chargeloop.simulation.stage import Stage

# Rare, to spend the time on orders.
PROBE_MS: Final = 8 * HOUR_MS
_POLICY: Final = LinkPolicy(resend_ms=5_000, probe_ms=PROBE_MS, reconnect_ms=60_000)
_DARK_MS: Final = 10 * MINUTE_MS
# Hands and voices are no messages: they reach whoever has power, and are tried again where that is off.
_REACH_MS: Final = 20
_REACH_AGAIN_MS: Final = 5_000

Answered = Callable[[Data], None]


class PowerCutError(Exception):
    """The device has lost its power here."""


class RestartError(Exception):
    """The device restarts by its own decision."""


class Device(ABC):
    """One device. Call `boot` once.

    Args:
        stage: it plays on.
        client: its id.
        role: its role.
        region: its region.
        keeps_journal: whether it keeps one.
        reads: the topics that it subscribes to, by their names in the table; None: all that its role may.
    """

    def __init__(  # noqa: PLR0913 - what a device is
        self,
        stage: Stage,
        client: str,
        role: Role,
        region: str,
        *,
        keeps_journal: bool,
        reads: frozenset[str] | None = None,
    ) -> None:
        self.stage = stage
        self.client = client
        self.role = role
        self.region = region
        self.draw = stage.draw(region, client)
        self.journal = DiskJournal(f"{region}-{client}") if keeps_journal else None
        self.is_on = False
        self.port = stage.network.add(
            Port(client, role, region, persistent=False, deliver=self._deliver, lost=self._lost, reads=reads)
        )
        self._boots = 0
        self._connections = 0
        self._spec = TOPICS.get(f"{role}_connection")
        self._alarm = Alarm(stage.loop, self._pump)
        self._answers: dict[str, Answered] = {}
        stage.devices[client] = self
        self._make_volatile()

    # What a device is.

    @abstractmethod
    def receive(self, incoming: Incoming) -> None:
        """Take a message that is no acknowledgement, time or answer."""

    @abstractmethod
    def wake(self) -> None:
        """Begin to work after a boot."""

    def birth(self) -> Sequence[Send]:
        """Return what is published first at each connection, after the connection's own birth."""
        return ()

    def darken(self) -> None:  # noqa: B027 - most devices have more to forget, people have not
        """Forget what does not survive a power cut."""

    # Power.

    def boot(self) -> None:
        """Turn the power on."""
        self.is_on = True
        self._make_volatile()
        self.guarded(self.wake)
        if self.is_on:
            self._connect(self._boots)

    def cut_power(self) -> None:
        """Lose everything that is not on a disk; the power comes back after a while."""
        if not self.is_on:
            return
        self.stage.record("crash", self.region, self.client, "power")
        self.stage.fault(self.region, "power_cut", self.client)
        self._go_dark()

    def restart(self) -> None:
        """Go down as by a power cut, but at a moment that the device has chosen."""
        self.stage.record("crash", self.region, self.client, "restart")
        self._go_dark()

    def _go_dark(self) -> None:
        self.is_on = False
        self._alarm.set(None)
        self._answers.clear()
        self.darken()
        self.stage.network.drop(self.port)
        boots = self._boots
        self.stage.loop.after(self.draw.randrange(_DARK_MS), lambda: self._power_returns(boots))

    def _power_returns(self, boots: int) -> None:
        if not self.is_on and self._boots == boots:
            self.boot()

    def may_lose_power(self) -> None:
        """Be at a point where the power may fail.

        Raises:
            PowerCutError: it has.
        """
        chance = self.stage.faults.power_cut
        if chance > 0 and self.draw.random() < chance:
            raise PowerCutError

    def guarded(self, act: Act) -> None:
        """Do something that ends where the power fails."""
        if not self.is_on:
            return
        try:
            act()
        except PowerCutError:
            self.cut_power()
            return
        except RestartError:
            self.restart()
            return
        self._pump()

    def later(self, wait_ms: int, act: Act) -> None:
        """Have something done later, unless the device has booted anew by then."""
        boots = self._boots

        def due() -> None:
            if self.is_on and self._boots == boots:
                self.guarded(act)

        self.stage.loop.after(wait_ms, due)

    def _make_volatile(self) -> None:
        self._boots += 1
        faults, draw = self.stage.faults, self.draw
        offset_ms = 0
        if faults.clock_wrong > 0 and draw.random() < faults.clock_wrong:
            # Hours and days, a zone, or a few minutes.
            offset_ms = draw.choice((-DAY_MS, DAY_MS, -8 * HOUR_MS, HOUR_MS, 5 * MINUTE_MS, -90_000))
        unset = faults.clock_unset > 0 and draw.random() < faults.clock_unset
        drift_ppm = draw.randint(-faults.drift_ppm, faults.drift_ppm) if faults.drift_ppm else 0
        self.clock = DeviceClock(
            self.stage.loop, boot_id=BootId(f"boot-{self._boots}"), offset_ms=offset_ms, drift_ppm=drift_ppm,
            unset=unset,
        )  # fmt: skip
        self.outbox = DeviceOutbox(
            client=self.client, role=self.role, region=self.region, clock=self.clock, journal=self.journal,
            policy=_POLICY,
            codec=self.stage.codec,
        )  # fmt: skip

    # Speaking.

    def record(
        self, data: Sequence[Data], like: Send | None = None, at: DeviceTime | None = None
    ) -> list[int]:
        """Write events to the journal and return their numbers."""
        numbers = self.outbox.record(data, like or Send("", data[0]), at)
        journal = self.journal
        if journal is not None:
            for number, event in zip(numbers, data, strict=True):
                self.stage.record("entry", self.region, self.client, journal.journal_id, number, event.TYPE)
        return numbers

    def say(self, send: Send) -> None:
        """Publish a state, or something that is sent once."""
        self.outbox.say(self.outbox.seal(send))

    def ask(self, topic: str, data: Data, message_id: str, answered: Answered) -> None:
        """Ask again and again until there is an answer, which `answered` takes."""
        outgoing = self.outbox.seal(Send(topic, data, id=message_id))
        self._answers[message_id] = answered
        self.outbox.ask(outgoing)

    def touch(self, target: str, topic: str, data: Data, request: str, answered: Answered) -> None:
        """Do something by hand at another device, until `answered` has its answer.

        Whoever put a bank in and never saw an answer has empty hands all the same: the next attempt is over
        before it begins.

        Raises:
            ValueError: the topic is none of the world's.
        """
        parsed = parse_topic(topic)
        if parsed is None:
            raise ValueError(f"{topic} is not in the topic table")
        now_ms = self.stage.loop.now_ms()
        message = self.stage.codec.seal(
            data, id=request, source=source_of(self.client, self.role), time=now_ms
        )
        self._answers[request] = answered
        in_hand = f"{self.role}/{self.client}"
        if isinstance(data, BankInserted) and not self.stage.is_at(data.bank.bank, in_hand):
            inside = CabinetAnswered(accepted=True, display="it is inside")
            self.later(_REACH_MS, lambda: self.told(request, inside))
            return

        def reach() -> None:
            if request in self._answers:
                other = self.stage.devices[target]
                other.guarded(lambda: other.receive(Incoming(parsed, message, self.stage.loop.now_ms())))
                self.later(_REACH_AGAIN_MS, reach)

        self.later(_REACH_MS, reach)

    def tell(self, other: str, request: str, answer: Data) -> None:
        """Answer somebody who did something by hand here."""
        asker = self.stage.devices.get(other)
        if asker is not None:
            self.stage.loop.after(_REACH_MS, lambda: asker.told(request, answer))

    def told(self, request: str, answer: Data) -> None:
        """Take the answer to something done by hand; one that is not waited for is no news."""
        answered = self._answers.pop(request, None) if self.is_on else None
        if answered is not None:
            self.guarded(lambda: answered(answer))

    def give_up_asking(self, message_id: str) -> None:
        """Wait for an answer no longer."""
        self._answers.pop(message_id, None)
        self.outbox.answered(message_id)

    def topic(self, name: str, **ids: str) -> str:
        """Return a topic of this device's own, or one that names others too."""
        return TOPICS[name].topic(self.region, **{str(self.role): self.client, **ids})

    def waiting(self) -> int:
        """Return how many journal entries and questions still wait."""
        journal = 0 if self.journal is None else self.journal.last_seq - self.journal.acked_seq
        return journal + len(self._answers)

    def _pump(self) -> None:
        if not self.is_on or not self.port.connection:
            return
        for outgoing in self.outbox.due(self.stage.loop.now_ms()):
            self.stage.network.publish(self.port, outgoing)
        self._alarm.set(self.outbox.next_due_ms())

    # The connection.

    def _connect(self, boots: int) -> None:
        if not self.is_on or boots != self._boots or (self.port.connection and not self.port.cut):
            return
        if not self.stage.network.reaches(self.port):
            self.stage.loop.after(self.draw.randrange(_POLICY.reconnect_ms), lambda: self._connect(boots))
            return
        self._connections += 1
        now_ms = self.stage.loop.now_ms()
        wills = [self.outbox.seal(send) for send in self._presence(Presence.OFFLINE)]
        self.stage.network.connect(self.port, wills[0] if wills else None)
        first = [self.outbox.seal(send) for send in (*self._presence(Presence.ONLINE), *self.birth())]
        self.outbox.connect(first, now_ms)
        self._pump()

    def reconnect(self) -> None:
        """End the connection in good order and make another one."""
        self.stage.network.leave(self.port)
        self.outbox.disconnect()
        self._connect(self._boots)

    def _lost(self) -> None:
        if self.is_on:
            self.outbox.disconnect()
            self.stage.network.drop(self.port)
            boots = self._boots
            self.stage.loop.after(self.draw.randrange(_POLICY.reconnect_ms), lambda: self._connect(boots))

    def _presence(self, presence: Presence) -> list[Send]:
        if self._spec is None:
            return []
        data = ConnectionState(state=presence, connection_epoch=self._connections)
        return [Send(self._spec.topic(self.region, **{str(self.role): self.client}), data)]

    # Hearing.

    def _deliver(self, outgoing: Outgoing, token: int) -> None:
        del token  # sessions of devices keep nothing to acknowledge
        if not self.is_on:
            return
        checked = check(outgoing.topic, outgoing.payload, self.role, self.region, self.stage.codec)
        if isinstance(checked, Fault):
            return  # a device has nowhere to put what it cannot read
        message, now_ms = checked.message, self.stage.loop.now_ms()
        answered = self._answers.get(message.correlationid or "")
        if isinstance(message.data, JournalAck):
            self.outbox.acknowledge(message.data, now_ms)
        elif isinstance(message.data, TimeReply):
            self.outbox.learn_time(message.data, message.correlationid, now_ms)
        elif answered is not None and message.correlationid is not None:
            self.give_up_asking(message.correlationid)
            self.guarded(lambda: answered(message.data))
            return
        else:
            self.guarded(lambda: self.receive(Incoming(checked.topic, message, now_ms)))
            return
        self._pump()
