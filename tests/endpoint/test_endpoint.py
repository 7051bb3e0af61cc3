"""Endpoint and devices over a real Mosquitto."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import RealClock
from chargeloop.broker.endpoint import CoreFailedError, Endpoint, EndpointPolicy, StoreFailedError
from chargeloop.broker.endpoint import endpoint as endpoint_module
from chargeloop.broker.outage import Outages
from chargeloop.broker.ports import free_address
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.messages.cabinet import KeypadLocked, ReportInventory, SlotChanged, SlotState
from chargeloop.protocol.messages.common import ConnectionState, Location, Presence
from chargeloop.protocol.messages.rental import (
    PlaceOrder,
    RefusalCode,
    RequestDone,
    RequestRefused,
    UserOrders,
)
from chargeloop.protocol.messages.service import Quarantined, ServiceStats
from tests.endpoint.site import ENDPOINT_POLICY, Device, Site, granted, running, site, until
from tests.endpoint.toy import POISON_SLOT, Seen, ToyCore, ToyStore, finished

CHANGED = SlotChanged(slot=4, state=SlotState.FAULTY)
ORDER = PlaceOrder(user="usr-1", location=Location(lat_e7=1, lon_e7=2), quantity=2)  # type: ignore[arg-type]
REQUEST = "cl/v1/demo/user/usr-1/request"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as made:
        yield made


def acknowledged(device: Device) -> bool:
    return device.journal is not None and not device.journal.unacknowledged()


async def test_every_event_reaches_the_store_once_and_in_order(place: Site) -> None:
    async with place.endpoint(ToyCore(reacts=False)) as (endpoint, store), place.device() as device:
        for _ in range(100):
            await device.link.record(CHANGED, CHANGED)
        await until(lambda: acknowledged(device), what="all entries acknowledged")
        assert [row[1] for row in await store.seen()] == list(range(1, 201))
        assert endpoint.counters()["received"] >= 200


async def test_events_recorded_while_the_platform_is_away_reach_it_later(place: Site) -> None:
    async with place.device() as device:
        await device.link.record(*[CHANGED] * 80)
        async with place.endpoint(ToyCore(reacts=False)) as (_, store):
            await until(lambda: acknowledged(device), what="all entries acknowledged")
            assert [row[1] for row in await store.seen()] == list(range(1, 81))


async def test_nothing_is_lost_or_repeated_when_the_broker_restarts(tmp_path: Path) -> None:
    port = free_address().port
    core = ToyCore(reacts=False)
    async with AsyncExitStack() as stack:
        async with site(tmp_path, port=port) as place:
            _, store = await stack.enter_async_context(place.endpoint(core))
            device = await stack.enter_async_context(place.device())
            await device.link.record(*[CHANGED] * 50)
            await until(lambda: len(core.received) > 10, what="events under way")
        await device.link.record(*[CHANGED] * 50)
        async with site(tmp_path, port=port):
            await device.link.record(*[CHANGED] * 50)
            await until(lambda: acknowledged(device), what="all entries acknowledged")
            assert [row[1] for row in await store.seen()] == list(range(1, 151))


async def test_it_tells_since_when_it_listens_and_that_it_does_not_while_the_broker_is_away(
    tmp_path: Path,
) -> None:
    port = free_address().port
    async with AsyncExitStack() as stack:
        async with site(tmp_path, port=port) as place:
            endpoint, _ = await stack.enter_async_context(place.endpoint(ToyCore()))
            first_ms = endpoint.listening_since_ms
            assert first_ms is not None
        await until(lambda: endpoint.listening_since_ms is None, what="an outage")
        away_ms = place.clock.now_ms()
        async with site(tmp_path, port=port):
            await until(lambda: endpoint.listening_since_ms is not None, what="a new connection")
            assert first_ms <= away_ms <= (endpoint.listening_since_ms or 0)


async def test_a_broker_that_is_away_is_tried_again_and_again_and_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(endpoint_module, "OUTAGES", Outages())
    tries: list[int] = []

    def no_pause(limit: int) -> int:
        tries.append(limit)
        return 0

    store = ToyStore(tmp_path / "rnt-main.sqlite3")
    await store.open()
    endpoint: Endpoint[Seen] = Endpoint(
        core=ToyCore(),
        store=store,
        credentials=granted(tmp_path).load("rnt-main"),
        broker=BrokerAddress("127.0.0.1", 1),  # nobody listens there
        clock=RealClock(),
        randbelow=no_pause,
        policy=ENDPOINT_POLICY,
    )
    try:
        async with running(endpoint.run()):
            await until(lambda: len(tries) >= 3, what="three attempts")
    finally:
        await store.close()
    (told,) = caplog.messages
    assert told.startswith("no connection to the broker at 127.0.0.1:1 (connection refused): ")


async def test_a_command_is_repeated_until_its_outcome_and_states_come_with_each_connection(
    place: Site,
) -> None:
    async def obey(device: Device, incoming: Incoming) -> None:
        copies = [one for one in device.received if one.message.id == incoming.message.id]
        if len(copies) == 2:
            await device.link.record(finished(incoming.message.id), correlation_id=incoming.message.id)

    async with place.endpoint(ToyCore()) as (endpoint, _), place.device(receive=obey) as device:
        await device.link.record(CHANGED)
        await until(lambda: endpoint.counters()["outbox"] == 0 and acknowledged(device), what="lease settled")
        assert [type(one.message.data) for one in device.received] == [ReportInventory] * 2
        assert device.received[0].message == device.received[1].message


async def test_a_request_is_answered_once_for_all_however_often_it_comes(place: Site) -> None:
    async with place.endpoint(ToyCore()) as (_, store), place.device("usr-1") as user:
        answers = (RequestDone, RequestRefused)
        first = await user.link.ask(REQUEST, ORDER, answers=answers, message_id="key-1")
        again = await user.link.ask(REQUEST, ORDER, answers=answers, message_id="key-1")
        assert first == again
        larger = ORDER.model_copy(update={"quantity": 3})
        reused = await user.link.ask(REQUEST, larger, answers=RequestRefused, message_id="key-1")
        assert isinstance(reused.data, RequestRefused)
        assert reused.data.code is RefusalCode.KEY_REUSED
        assert len(await store.seen()) == 1


async def test_two_who_ask_under_one_id_at_once_both_get_the_answer(place: Site) -> None:
    async with place.endpoint(ToyCore()) as (_, store), place.device("usr-1") as user:
        asking = [user.link.ask(REQUEST, ORDER, answers=RequestDone, message_id="key-1") for _ in range(3)]
        first, second, third = await asyncio.gather(*asking)
        assert first == second == third
        assert len(await store.seen()) == 1


async def test_a_question_nobody_answers_ends_when_it_was_told_to(place: Site) -> None:
    async with place.device("usr-1") as user:
        with pytest.raises(TimeoutError, match="no answer to key-1"):
            await user.link.ask(REQUEST, ORDER, answers=RequestDone, message_id="key-1", within_ms=50)


async def test_a_state_is_there_after_the_platform_and_the_broker_have_restarted(tmp_path: Path) -> None:
    async with site(tmp_path) as place, place.endpoint(ToyCore()), place.device("usr-1") as user:
        await user.link.ask(REQUEST, ORDER, answers=RequestDone)
    async with site(tmp_path) as place, place.endpoint(ToyCore()), place.device("usr-1") as user:
        await until(lambda: bool(user.received), what="the retained state")
        assert isinstance(user.received[0].message.data, UserOrders)


async def test_the_platform_is_born_says_goodbye_and_counts_its_connections(place: Site) -> None:
    policy = EndpointPolicy(stats_ms=20)
    async with place.device("opr-1") as operator:
        for _ in range(2):
            async with place.endpoint(ToyCore(), policy=policy):
                await until(lambda: bool(_told(operator, ServiceStats)), what="stats")
        await until(lambda: len(_told(operator, ConnectionState)) == 4, what="births and goodbyes")
    told = [one for one in _told(operator, ConnectionState) if isinstance(one, ConnectionState)]
    online, offline = Presence.ONLINE, Presence.OFFLINE
    assert [one.state for one in told] == [online, offline] * 2
    first, same, second, _ = [one.connection_epoch for one in told]
    assert first == same < second


async def test_nonsense_ends_in_quarantine_for_operators_to_see(place: Site) -> None:
    async with (
        place.endpoint(ToyCore(reacts=False)) as (endpoint, store),
        place.device("opr-1") as operator,
        place.device() as device,
    ):
        await device.link.record(CHANGED)
        await device.link.publish(Send("cl/v1/demo/cabinet/cab-1/event", CHANGED, id="no-number"))
        await device.link.record(CHANGED)
        await until(lambda: acknowledged(device), what="all entries acknowledged")
        await until(lambda: bool(_told(operator, Quarantined)), what="the quarantine told")
        assert endpoint.counters()["quarantined"] == 1
        assert [row[1] for row in await store.seen()] == [1, 2]
        assert await store.read("SELECT fault FROM quarantine") == [("invalid",)]


async def test_a_message_the_core_fails_on_ends_the_process_once(place: Site) -> None:
    poison = SlotChanged(slot=POISON_SLOT, state=SlotState.FAULTY)
    async with place.device() as device:
        with pytest.RaisesGroup(pytest.RaisesExc(CoreFailedError, match="slot 36")):
            async with place.endpoint(ToyCore(reacts=False)):
                await device.link.record(CHANGED, poison, CHANGED)
                await asyncio.Event().wait()
        async with place.endpoint(ToyCore(reacts=False)) as (_, store):
            await until(lambda: acknowledged(device), what="all entries acknowledged")
            assert [row[1] for row in await store.seen()] == [1, 3]
            assert await store.read("SELECT fault FROM quarantine") == [("handling_failed",)]


async def test_a_commit_that_fails_ends_the_process_and_no_more_is_acknowledged_than_is_on_disk(
    place: Site,
) -> None:
    async with place.device() as device:
        with pytest.RaisesGroup(pytest.RaisesExc(StoreFailedError, match="full")):
            async with place.endpoint(ToyCore(reacts=False)) as (_, store):
                await store.read("PRAGMA max_page_count = 1")
                await device.link.record(*[CHANGED] * 500)
                await asyncio.Event().wait()
    with closing(sqlite3.connect(place.data / "rnt-main.sqlite3")) as disk:
        stored = disk.execute("SELECT count(*) FROM seen").fetchall()[0][0]
    assert device.journal is not None
    assert device.journal.acked_seq <= stored < 500


async def test_two_platforms_exchange_a_journal_although_one_is_away_at_first(place: Site) -> None:
    dispatch = ToyCore(reacts=False)
    locked = KeypadLocked(wrong_codes=5, until=0)
    async with place.device() as device, place.endpoint(ToyCore()) as (endpoint, _):
        await device.link.record(*[locked] * 40)
        await until(lambda: acknowledged(device), what="all entries acknowledged")
        assert endpoint.counters()["outbox"] == 40
        async with place.endpoint(dispatch, client="dsp-main"):
            await until(lambda: endpoint.counters()["outbox"] == 0, what="requests acknowledged")
    requests = [one.message.seq for one in dispatch.received if one.topic.spec.name == "dispatch_request"]
    assert requests == list(range(1, 41))


async def test_an_endpoint_that_cannot_reach_the_broker_keeps_trying(tmp_path: Path) -> None:
    port = free_address().port
    store = ToyStore(tmp_path / "toy.sqlite3")
    await store.open()
    async with site(tmp_path) as place:
        pass
    endpoint: Endpoint[Seen] = Endpoint(
        core=ToyCore(),
        store=store,
        credentials=place.credentials().load("rnt-main"),
        broker=type(place.broker)("127.0.0.1", port),
        clock=RealClock(),
        policy=ENDPOINT_POLICY,
    )
    working = asyncio.create_task(endpoint.run())
    async with site(tmp_path, port=port):
        await endpoint.wait_ready()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    await store.close()


def _told(device: Device, kind: type) -> list[object]:
    return [one.message.data for one in device.received if type(one.message.data) is kind]
