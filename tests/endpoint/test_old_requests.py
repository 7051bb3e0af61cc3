"""Requests taken long ago: they are in the store and not in memory, and are still answered only once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chargeloop.broker.endpoint import SingleWriter
from chargeloop.broker.endpoint.changes import Kept, ReplyRow, RequestRow
from chargeloop.broker.endpoint.inbox import Inbox
from chargeloop.broker.endpoint.outbox import OutboxPolicy
from chargeloop.protocol.codec import decode
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.messages.rental import RefusalCode, RequestDone, RequestRefused
from chargeloop.protocol.topics import Role
from tests.endpoint.test_writer import EVENT, NOW_MS, ORDER, REQUEST, entry, request
from tests.endpoint.toy import Seen, ToyCore, ToyStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ToyStore]:
    opened = ToyStore(tmp_path / "toy.sqlite3")
    await opened.open()
    yield opened
    await opened.close()


def writer_with(kept: Kept, requests_in_memory: int) -> SingleWriter[Seen]:
    made: SingleWriter[Seen] = SingleWriter(
        core=ToyCore(),
        kept=kept,
        client="rnt-main",
        role=Role.RENTAL,
        region="demo",
        randbelow=lambda _: 0,
        policy=OutboxPolicy(),
        requests_in_memory=requests_in_memory,
    )
    made.outbox.connect(NOW_MS)
    return made


async def one_round(writer: SingleWriter[Seen], store: ToyStore, *messages: tuple[str, bytes]) -> list[Data]:
    """Do what an endpoint does with a few messages, and return the answers it publishes."""
    unknown = writer.unknown_requests(messages)
    if unknown:
        writer.recall(*await store.recall(unknown))
    for topic, payload in messages:
        writer.receive(topic, payload, NOW_MS)
    batch = writer.take_batch()
    if batch.must_commit:
        await store.commit(batch.changes, batch.writes)
    said = [decode(outgoing.payload) for outgoing in writer.publishable(NOW_MS, 1_000)]
    answers = [message.data for message in said if isinstance(message, Envelope)]
    return [data for data in answers if isinstance(data, RequestDone | RequestRefused)]


async def test_a_request_that_memory_has_let_go_of_has_no_second_effect(store: ToyStore) -> None:
    writer = writer_with(await store.load(), requests_in_memory=2)
    first = await one_round(writer, store, (REQUEST, request("key-0")))
    for number in range(1, 6):
        await one_round(writer, store, (REQUEST, request(f"key-{number}")))
    again = await one_round(
        writer, store, (REQUEST, request("key-0")), (EVENT, entry(1)), (REQUEST, request("key-0"))
    )
    assert again == first * 2
    other = await one_round(
        writer, store, (REQUEST, request("key-1", ORDER.model_copy(update={"quantity": 5})))
    )
    assert [data.code for data in other if isinstance(data, RequestRefused)] == [RefusalCode.KEY_REUSED]
    assert len(await store.seen("chargeloop.rental.place_order.v1")) == 6


async def test_the_store_is_not_asked_while_memory_has_everything(store: ToyStore) -> None:
    writer = writer_with(await store.load(), requests_in_memory=2)
    await one_round(writer, store, (REQUEST, request("key-1")), (REQUEST, request("key-2")))
    assert writer.unknown_requests([(REQUEST, request("key-3"))]) == []


async def test_only_what_is_not_in_memory_is_looked_up_and_each_once(store: ToyStore) -> None:
    writer = writer_with(await store.load(), requests_in_memory=1)
    await one_round(writer, store, (REQUEST, request("key-1")), (REQUEST, request("key-2")))
    asked = [(REQUEST, request(f"key-{number}")) for number in (2, 1, 1)]
    assert writer.unknown_requests([*asked, (EVENT, entry(1)), (REQUEST, b"{")]) == [("user/usr-1", "key-1")]


async def test_after_a_restart_the_answers_of_the_latest_requests_are_in_memory(store: ToyStore) -> None:
    await one_round(writer_with(await store.load(), 9), store, (REQUEST, request("key-1")))
    kept = await store.load()
    assert kept.all_requests
    writer = writer_with(kept, requests_in_memory=9)
    assert writer.unknown_requests([(REQUEST, request("key-2"))]) == []
    (answer,) = await one_round(writer, store, (REQUEST, request("key-1")))
    assert isinstance(answer, RequestDone)


def test_memory_holds_no_more_requests_than_its_limit() -> None:
    rows = [RequestRow("user/usr-1", f"key-{number}", "f", number) for number in range(10)]
    replies = [ReplyRow("user/usr-1", row.id, 0, "topic", "m", "{}") for row in rows]
    inbox = Inbox({}, rows, replies, limit=3)
    inbox.forget_oldest()
    keys = [(row.source, row.id) for row in rows]
    assert inbox.unknown(keys) == keys[:7]
