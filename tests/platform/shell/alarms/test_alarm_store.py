"""Alarms on the disk: one open one for each trouble, and what people did stays."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from chargeloop.platform.core.alarms import Alarm, Handling, Severity, reconcile
from chargeloop.platform.shell.alarms.store import AlarmStore, alarms_path
from tests.platform.core.test_alarms import KEY, LATER_MS, TROUBLE
from tests.platform.shell.books import NOON_MS

ANNA = Handling("opr-anna", NOON_MS + 1, "cleaned")


@pytest.fixture
async def alarms(tmp_path: Path) -> AsyncIterator[AlarmStore]:
    store = AlarmStore(alarms_path(tmp_path))
    await store.open()
    yield store
    await store.close()


async def raised(alarms: AlarmStore) -> Alarm:
    await alarms.keep([TROUBLE])
    (alarm,) = await alarms.list_open(10)
    return alarm


async def test_a_trouble_becomes_an_open_alarm(alarms: AlarmStore) -> None:
    alarm = await raised(alarms)
    assert (alarm.key, alarm.text, alarm.since_ms, alarm.is_open) == (KEY, TROUBLE.text, NOON_MS, True)
    assert await alarms.get(alarm.id) == alarm
    assert await alarms.pending() == {KEY: alarm}


async def test_a_list_that_is_cut_keeps_the_severest_and_of_those_the_latest(alarms: AlarmStore) -> None:
    since = {Severity.INFO: (4, 5, 6), Severity.CRITICAL: (1, 2), Severity.WARNING: (3,)}
    await alarms.keep(
        replace(TROUBLE, key=replace(KEY, part=str(since_ms)), severity=severity, since_ms=since_ms)
        for severity, all_ms in since.items()
        for since_ms in all_ms
    )
    assert [alarm.since_ms for alarm in await alarms.list_open(4)] == [2, 1, 3, 6]
    assert (await alarms.count(is_open=True), await alarms.count(is_open=False)) == (6, 0)


async def test_two_open_alarms_of_one_trouble_cannot_be(alarms: AlarmStore) -> None:
    await raised(alarms)
    with pytest.raises(sqlite3.IntegrityError):
        await alarms.keep([TROUBLE])
    assert len(await alarms.list_open(10)) == 1


async def test_what_changes_by_itself_is_kept(alarms: AlarmStore) -> None:
    alarm = await raised(alarms)
    cleared = replace(alarm, cleared_ms=LATER_MS, text="it was so")
    await alarms.keep([cleared])
    assert await alarms.get(alarm.id) == cleared
    closed = replace(cleared, closed=Handling("chargeloop", LATER_MS, "over"))
    await alarms.keep([closed])
    assert await alarms.list_closed(10) == [closed]
    assert await alarms.pending() == {}


async def test_an_alarm_that_was_touched_meanwhile_does_not_close_by_itself(alarms: AlarmStore) -> None:
    alarm = await raised(alarms)
    closed = replace(alarm, cleared_ms=LATER_MS, closed=Handling("chargeloop", LATER_MS, "over"))
    touched = await alarms.acknowledge(alarm.id, ANNA)
    assert touched is not None
    await alarms.keep([closed])
    assert await alarms.get(alarm.id) == replace(touched, cleared_ms=LATER_MS)


async def test_who_acknowledged_first_stays_and_the_latest_assignee_counts(alarms: AlarmStore) -> None:
    alarm = await raised(alarms)
    await alarms.acknowledge(alarm.id, ANNA)
    await alarms.acknowledge(alarm.id, Handling("opr-bert", LATER_MS))
    await alarms.assign(alarm.id, ANNA, "opr-bert")
    found = await alarms.assign(alarm.id, ANNA, "opr-carl")
    assert found is not None
    assert (found.acknowledged, found.assignee) == (Handling("opr-anna", NOON_MS + 1), "opr-carl")


async def test_a_closed_alarm_stays_as_it_is_and_its_trouble_may_be_raised_again(alarms: AlarmStore) -> None:
    alarm = await raised(alarms)
    closed = await alarms.close_alarm(alarm.id, ANNA)
    assert closed == replace(alarm, closed=ANNA)
    assert await alarms.close_alarm(alarm.id, replace(ANNA, by="opr-bert")) is None
    assert await alarms.close_alarm(alarm.id, replace(ANNA, reason="mended")) is None
    assert await alarms.close_alarm(alarm.id, replace(ANNA, at_ms=LATER_MS)) == closed
    assert await alarms.acknowledge(alarm.id, ANNA) is None
    assert await alarms.assign(alarm.id, ANNA, "opr-bert") is None
    with closing(sqlite3.connect(alarms.path)) as db, pytest.raises(sqlite3.IntegrityError, match="closed"):
        db.execute("UPDATE alarms SET closed_ms = 1")
    # It was closed while the trouble lasted: only when that is over may it come again.
    assert list(reconcile(await alarms.pending(), {KEY: TROUBLE}, LATER_MS)) == []
    await alarms.keep(reconcile(await alarms.pending(), {}, LATER_MS))
    assert list(reconcile(await alarms.pending(), {KEY: TROUBLE}, LATER_MS)) == [TROUBLE]


async def test_what_operators_did_is_written_down(alarms: AlarmStore) -> None:
    alarm = await raised(alarms)
    await alarms.acknowledge(alarm.id, Handling("opr-anna", 1))
    await alarms.assign(alarm.id, Handling("opr-anna", 2), "opr-bert")
    await alarms.close_alarm(alarm.id, Handling("opr-bert", 3, "cleaned"))
    with closing(sqlite3.connect(alarms.path)) as db:
        acts = db.execute("SELECT act, by, at_ms, detail FROM acts ORDER BY number").fetchall()
    assert acts == [
        ("acknowledged", "opr-anna", 1, ""),
        ("assigned", "opr-anna", 2, "opr-bert"),
        ("closed", "opr-bert", 3, "cleaned"),
    ]


async def test_what_the_same_operator_says_again_is_written_down_once(alarms: AlarmStore) -> None:
    alarm = await raised(alarms)
    for at_ms in (1, 2):
        await alarms.acknowledge(alarm.id, Handling("opr-anna", at_ms))
    await alarms.acknowledge(alarm.id, Handling("opr-bert", 3))
    await alarms.acknowledge(alarm.id, Handling("opr-anna", 4))
    for at_ms, assignee in ((5, "opr-bert"), (6, "opr-bert"), (7, "opr-carl"), (8, "opr-bert")):
        await alarms.assign(alarm.id, Handling("opr-anna", at_ms), assignee)
    await alarms.assign(alarm.id, Handling("opr-carl", 9), "opr-bert")
    for at_ms in (10, 11):
        await alarms.close_alarm(alarm.id, Handling("opr-bert", at_ms, "cleaned"))
    with closing(sqlite3.connect(alarms.path)) as db:
        acts = db.execute("SELECT act, at_ms FROM acts ORDER BY number").fetchall()
    assert acts == [
        *(("acknowledged", at_ms) for at_ms in (1, 3)),
        *(("assigned", at_ms) for at_ms in (5, 7, 8, 9)),
        ("closed", 10),
    ]
