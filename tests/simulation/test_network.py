import random
from dataclasses import dataclass, field

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.protocol.topics import TOPICS, Role
from chargeloop.simulation.faults import Links
from chargeloop.simulation.loop import Loop
from chargeloop.simulation.network import Network, Port

EVENT = TOPICS["cabinet_event"].topic("r1", cabinet="cab-1")
SLOTS = TOPICS["cabinet_slots"].topic("r1", cabinet="cab-1")
COMMAND = TOPICS["cabinet_command"].topic("r1", cabinet="cab-1")
CONNECTION = TOPICS["cabinet_connection"].topic("r1", cabinet="cab-1")


def message(topic: str, number: int, *, retain: bool = False) -> Outgoing:
    return Outgoing(topic, b"%d" % number, 1, retain=retain, message_id=f"m-{number}")


@dataclass
class Client:
    """A client that writes down what it gets."""

    got: list[tuple[bytes, int]] = field(default_factory=list)
    losses: int = 0

    def deliver(self, outgoing: Outgoing, token: int) -> None:
        self.got.append((outgoing.payload, token))

    def lost(self) -> None:
        self.losses += 1


class Net:
    def __init__(self, links: Links | None = None) -> None:
        self.loop = Loop(0)
        self.network = Network(self.loop, links or Links(), random.Random(1))
        self.service, self.device = Client(), Client()
        self.rental = self._port("rnt-r1", Role.RENTAL, self.service, persistent=True)
        self.cabinet = self._port("cab-1", Role.CABINET, self.device, persistent=False)
        for port in (self.rental, self.cabinet):
            self.network.connect(port, None)

    def _port(self, client: str, role: Role, behind: Client, *, persistent: bool) -> Port:
        return self.network.add(
            Port(client, role, "r1", persistent=persistent, deliver=behind.deliver, lost=behind.lost)
        )

    def run(self, ms: int = 1_000) -> None:
        self.loop.run(self.loop.now_ms() + ms)

    def heard(self) -> list[bytes]:
        return [payload for payload, _ in self.service.got]

    def heard_anew(self) -> list[bytes]:
        """Returns what the service hears when it connects once more."""
        self.run()
        for _, token in self.service.got:
            self.network.acknowledge(self.rental, token)
        self.network.leave(self.rental)
        self.service.got.clear()
        self.network.connect(self.rental, None)
        self.run()
        return self.heard()


def test_without_trouble_messages_come_once_and_in_order() -> None:
    net = Net()
    for number in range(50):
        net.network.publish(net.cabinet, message(EVENT, number))
    net.run()
    assert net.heard() == [b"%d" % number for number in range(50)]


def test_a_session_repeats_what_was_not_acknowledged_and_a_device_s_does_not() -> None:
    net = Net()
    net.network.publish(net.cabinet, message(EVENT, 1))
    net.network.publish(net.rental, message(COMMAND, 2))
    net.run()
    net.network.drop(net.rental)
    net.network.publish(net.cabinet, message(EVENT, 3))
    net.run()
    net.network.connect(net.rental, None)
    net.network.connect(net.cabinet, None)
    net.run()
    assert net.heard() == [b"1", b"1", b"3"]
    assert len(net.device.got) == 1
    net.network.acknowledge(net.rental, net.service.got[-1][1])
    net.network.acknowledge(net.rental, net.service.got[-2][1])
    net.network.connect(net.rental, None)
    net.run()
    assert len(net.service.got) == 3


def test_what_is_retained_comes_with_the_connection() -> None:
    net = Net()
    net.network.leave(net.rental)
    net.network.publish(net.cabinet, message(SLOTS, 1, retain=True))
    net.network.publish(net.cabinet, message(SLOTS, 2, retain=True))
    net.rental.queue.clear()
    net.network.connect(net.rental, None)
    net.run()
    assert net.heard() == [b"2"]


def test_a_crash_of_the_broker_loses_sessions_queues_and_what_was_retained() -> None:
    net = Net()
    net.network.publish(net.cabinet, message(SLOTS, 1, retain=True))
    net.network.crash()
    net.run(5_000)
    assert (net.service.losses, net.device.losses) == (1, 1)
    assert not net.network.reaches(net.rental)
    net.network.restart()
    assert net.network.reaches(net.rental)
    net.network.connect(net.rental, None)
    net.run()
    assert net.service.got == []


def test_who_connects_again_takes_the_own_place_and_the_will_of_the_old_one_is_published() -> None:
    net = Net()
    net.network.connect(net.cabinet, message(CONNECTION, 7, retain=True))
    net.network.connect(net.cabinet, message(CONNECTION, 8, retain=True))
    net.run()
    assert net.heard() == [b"7"]
    net.network.leave(net.cabinet)
    net.run()
    assert net.heard() == [b"7"]


def test_a_dead_link_is_noticed_by_both_ends_in_their_own_time() -> None:
    net = Net()
    net.network.connect(net.cabinet, message(CONNECTION, 7, retain=True))
    net.network.cut(net.cabinet)
    net.network.publish(net.cabinet, message(EVENT, 1))
    net.network.publish(net.rental, message(COMMAND, 2))
    net.run(60_000)
    assert net.heard() == [b"7"]
    assert net.device.got == []
    assert net.device.losses == 1
    assert not net.network.reaches(net.cabinet)
    net.network.mend(net.cabinet)
    assert net.network.reaches(net.cabinet)


def test_trouble_loses_repeats_overtakes_and_holds_up() -> None:
    lost, doubled = Net(Links(loss=1.0)), Net(Links(duplicate=1.0))
    mixed, held = Net(Links(reorder=1.0)), Net(Links(delay=1.0, delay_ms=3_600_000))
    for net in (lost, doubled, mixed, held):
        for number in range(20):
            net.network.publish(net.cabinet, message(EVENT, number))
        net.run(1_000)
    assert lost.heard() == []
    doubled.run(60_000)
    assert sorted(doubled.heard()) == sorted(2 * [b"%d" % number for number in range(20)])
    mixed.run(10_000)
    assert sorted(mixed.heard()) == sorted(b"%d" % number for number in range(20))
    assert mixed.heard() != sorted(mixed.heard(), key=int)
    assert len(held.heard()) < 20
    held.run(3_600_000)
    assert len(held.heard()) == 20


def test_what_was_held_up_comes_though_its_connection_is_gone_but_acknowledges_nothing() -> None:
    net = Net(Links(delay=1.0, delay_ms=100_000))
    net.network.publish(net.cabinet, message(EVENT, 1))
    net.network.links = Links()
    net.network.connect(net.rental, None)
    net.run(200_000)
    tokens = [token for _, token in net.service.got]
    assert tokens[0] > 0
    assert tokens[1:] in ([], [0])


def test_what_was_injected_over_a_retained_message_is_not_retained_for_ever() -> None:
    net = Net()
    net.network.publish(net.cabinet, message(SLOTS, 1, retain=True))
    for number in (2, 3):
        net.network.inject(message(SLOTS, number, retain=True))
    net.run()
    net.network.uncover()
    assert net.heard_anew() == [b"1"]
    net.network.inject(message(SLOTS, 4, retain=True))
    net.network.publish(net.cabinet, message(SLOTS, 5, retain=True))
    net.network.uncover()
    assert net.heard_anew() == [b"5"]


def test_what_was_injected_where_nothing_was_retained_is_gone_in_the_end() -> None:
    net = Net()
    net.network.inject(message(SLOTS, 1, retain=True))
    assert net.heard_anew() == [b"1"]
    net.network.uncover()
    assert net.heard_anew() == []
