"""A device's link over a real Mosquitto."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import aiomqtt
import pytest

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import RealClock
from chargeloop.broker.device import DeviceClock, DeviceLink, Journal, LinkPolicy, begin_boot
from chargeloop.broker.device import link as link_module
from chargeloop.broker.device.connection import subscribe
from chargeloop.broker.outage import Outages
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.messages.cabinet import SlotChanged, SlotsSnapshot, SlotState, Telemetry
from chargeloop.protocol.messages.common import ConnectionState, JournalAck, Presence
from tests.endpoint.refusing import refusing_broker
from tests.endpoint.site import Device, Site, granted, running, site, until
from tests.endpoint.toy import ToyCore, command, report

CABINET = "cl/v1/demo/cabinet/cab-1"
CHANGED = SlotChanged(slot=4, state=SlotState.FAULTY)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


def snapshot(version: int, journal: Journal | None) -> Send:
    assert journal is not None
    data = SlotsSnapshot(version=version, journal=journal.journal_id, after_seq=0, slots=())
    return Send(f"{CABINET}/slots", data)


def presences(device: Device) -> list[tuple[Presence, int]]:
    told = (one.message.data for one in device.received)
    return [(one.state, one.connection_epoch) for one in told if isinstance(one, ConnectionState)]


def link_alone(
    data: Path, broker: BrokerAddress, subscriptions: list[str], randbelow: Callable[[int], int]
) -> DeviceLink:
    """Returns the link of a cabinet that keeps nothing and takes nothing."""

    async def take(_: Incoming) -> None: ...

    return DeviceLink(
        credentials=granted(data).load("cab-1"),
        broker=broker,
        clock=RealClock(),
        device_clock=DeviceClock(RealClock(), boot_id=begin_boot(data)),
        journal=None,
        state_dir=data,
        subscriptions=subscriptions,
        receive=take,
        policy=LinkPolicy(reconnect_ms=1_600),
        randbelow=randbelow,
    )


async def test_a_device_is_born_and_says_goodbye_with_an_epoch_that_only_rises(place: Site) -> None:
    async with place.device("opr-1") as operator:
        for _ in range(2):
            async with place.device():
                pass
        await until(lambda: len(presences(operator)) == 4, what="births and goodbyes")
        online, offline = Presence.ONLINE, Presence.OFFLINE
        assert presences(operator) == [(online, 1), (offline, 1), (online, 2), (offline, 2)]


async def test_a_device_cut_off_is_seen_offline_and_comes_back_with_all_it_recorded(place: Site) -> None:
    async with place.endpoint(ToyCore(reacts=False)) as (_, store), place.device("opr-1") as operator:
        async with place.device() as cabinet:
            cabinet.link.cut()
            await until(lambda: (Presence.OFFLINE, 1) in presences(operator), what="seen offline")
            assert not cabinet.link.connected
            await cabinet.link.record(CHANGED, CHANGED)
            cabinet.link.restore()
            journal = cabinet.journal
            assert journal is not None
            await until(lambda: journal.acked_seq == 2, what="both entries acknowledged")
            assert (Presence.ONLINE, 2) in presences(operator)
        assert [row[1] for row in await store.seen()] == [1, 2]


async def test_a_device_that_is_cut_off_while_it_connects_does_not_connect(
    place: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place.device("opr-1") as operator, place.device() as cabinet:
        cabinet.link.cut()
        await until(lambda: not cabinet.link.connected, what="the cut")

        async def cut_behind_it(client: aiomqtt.Client, filters: Sequence[str]) -> None:
            await subscribe(client, filters)
            cabinet.link.cut()
            cuts.append(True)

        cuts = list[bool]()
        monkeypatch.setattr(link_module, "subscribe", cut_behind_it)
        cabinet.link.restore()
        await until(lambda: bool(cuts), what="the second cut")
        monkeypatch.undo()
        cabinet.link.restore()
        await cabinet.link.wait_ready()
        await until(lambda: (Presence.ONLINE, 3) in presences(operator), what="the third connection")
        assert (Presence.ONLINE, 2) not in presences(operator)


async def test_a_device_tries_soon_to_connect_again_and_then_less_and_less_often_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(link_module, "OUTAGES", Outages())
    limits: list[int] = []

    def no_pause(limit: int) -> int:
        limits.append(limit)
        return 0

    nobody = BrokerAddress("127.0.0.1", 1)
    link = link_alone(tmp_path, nobody, [], no_pause)
    async with running(link.run()):
        await until(lambda: len(limits) >= 6, what="six attempts")
    assert limits[:6] == [101, 201, 401, 801, 1_601, 1_601]
    (told,) = caplog.messages
    assert told.startswith("no connection to the broker at 127.0.0.1:1 (connection refused): ")


async def test_a_device_that_may_not_hear_what_it_must_says_so_and_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(link_module, "OUTAGES", Outages())
    async with refusing_broker() as broker:
        link = link_alone(tmp_path, broker, [f"{CABINET}/command"], lambda _: 0)
        async with running(link.run()):
            await until(lambda: bool(caplog.messages), what="it is said")
            assert not link.connected
    (told,) = caplog.messages
    assert f"does not let cab-1 in (a subscription was refused: {CABINET}/command)" in told


async def test_a_state_is_published_again_at_every_connection(place: Site) -> None:
    def versions() -> list[int]:
        told = (one.message.data for one in operator.received)
        return [one.version for one in told if isinstance(one, SlotsSnapshot)]

    async with place.device("opr-1") as operator, place.device() as cabinet:
        await cabinet.link.publish(snapshot(1, cabinet.journal))
        await cabinet.link.publish(snapshot(2, cabinet.journal))
        await until(lambda: versions() == [1, 2], what="both snapshots")
        cabinet.link.cut()
        cabinet.link.restore()
        await until(lambda: versions() == [1, 2, 2], what="the latest snapshot again")


async def test_what_may_be_lost_is_not_kept_without_a_connection(place: Site) -> None:
    async with place.device("opr-1") as operator, place.device() as cabinet:
        cabinet.link.cut()
        await until(lambda: not cabinet.link.connected, what="the cut")
        await cabinet.link.publish(Send(f"{CABINET}/telemetry", Telemetry(power_w=1)))
        cabinet.link.restore()
        await cabinet.link.wait_ready()
        await cabinet.link.publish(Send(f"{CABINET}/telemetry", Telemetry(power_w=2)))
        await until(lambda: len(_powers(operator)) == 1, what="telemetry")
        assert _powers(operator) == [2]


async def test_entries_left_by_a_power_cut_are_sent_by_the_next_run(place: Site) -> None:
    async with place.device() as cabinet:
        await cabinet.link.record(CHANGED, CHANGED)
    async with place.endpoint(ToyCore(reacts=False)) as (_, store), place.device() as again:
        journal = again.journal
        assert journal is not None
        await until(lambda: journal.acked_seq == 2, what="both entries acknowledged")
        assert [row[1] for row in await store.seen()] == [1, 2]


async def test_the_platform_s_time_is_learned_at_the_connection(place: Site) -> None:
    async with place.endpoint(ToyCore()), place.device() as cabinet:
        await until(lambda: cabinet.clock.learned, what="the time")
        assert abs(cabinet.clock.platform_ms() - place.clock.now_ms()) < 1_000


async def test_messages_are_handled_in_order_while_acknowledgements_pass_them(place: Site) -> None:
    handled: list[str] = []
    go_on = asyncio.Event()

    async def slowly(_: Device, incoming: Incoming) -> None:
        await go_on.wait()
        handled.append(incoming.message.id)

    async with place.endpoint(ToyCore()), place.device(receive=slowly) as cabinet:
        await cabinet.link.record(CHANGED, CHANGED)
        journal = cabinet.journal
        assert journal is not None
        await until(lambda: journal.acked_seq == 2, what="entries acknowledged")
        assert handled == []
        go_on.set()
        await until(lambda: len(handled) >= 2, what="both commands")
        assert handled[:2] == ["cmd-cab-1-1", "cmd-cab-1-2"]


async def test_a_handler_that_fails_ends_the_device(place: Site) -> None:
    async def fail(_: Device, __: Incoming) -> None:
        raise RuntimeError("stuck motor driver")

    async with place.endpoint(ToyCore()):
        with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="stuck"), flatten_subgroups=True):
            async with place.device(receive=fail) as cabinet:
                await cabinet.link.record(CHANGED)
                await asyncio.Event().wait()


async def test_nonsense_is_refused_and_the_next_message_is_taken(place: Site) -> None:
    core = ToyCore()
    async with place.endpoint(core) as (endpoint, _), place.device() as cabinet:
        outbox = endpoint._writer
        assert outbox is not None
        wrong = outbox.outbox.seal(report(1), 0)
        broken = type(wrong)(f"{CABINET}/command", b"{", 1, retain=False, message_id="m-1")
        ack = outbox.outbox.seal(Send(f"{CABINET}/ack", JournalAck(journal="jnl-9", seq=9)), 0)  # type: ignore[arg-type]
        good = outbox.outbox.seal(command("cab-1", 1, 0), 0)
        for outgoing in (broken, ack, good):
            endpoint._publish(outgoing)
        await until(lambda: bool(cabinet.received), what="the command")
        assert [one.message.id for one in cabinet.received] == ["cmd-cab-1-1"]


def _powers(device: Device) -> list[int]:
    told = (one.message.data for one in device.received)
    return [one.power_w for one in told if isinstance(one, Telemetry)]
