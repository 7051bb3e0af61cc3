"""Alarms: what is raised, what clears and closes by itself, and what an operator's word changes."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chargeloop.platform.core.alarms import (
    MISSING_MS,
    OFFLINE_MS,
    SELF_CLOSE_MS,
    SYSTEM,
    Alarm,
    AlarmKind,
    Handling,
    Key,
    Severity,
    Sight,
    SubjectKind,
    Trouble,
    of_bank,
    of_cabinet,
    of_order,
    of_outstanding,
    reconcile,
)
from chargeloop.platform.core.fees import Mark
from chargeloop.platform.core.order import BankPlace, BankTrack
from chargeloop.platform.core.rows import SlotRecord
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import BankId, CabinetId, JobId
from chargeloop.protocol.messages import delivery
from chargeloop.protocol.messages.cabinet import SlotState
from chargeloop.protocol.messages.delivery import JobEnd
from chargeloop.protocol.messages.rental import OrderState
from chargeloop.protocol.time import HOUR_MS
from tests.platform.core.script import A, city, delivering, made
from tests.platform.shell.books import NOON_MS, order_in_use

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOTS = tuple(SlotRecord(number, SlotState.READY, BankId(f"bnk-{number}"), 98) for number in range(1, 5))
WELL = Sight(CabinetId("cab-1"), "Harbour", True, NOON_MS, 4, SLOTS)
KEY = Key(AlarmKind.SLOT_JAMMED, SubjectKind.CABINET, "cab-1", "3")
TROUBLE = Trouble(KEY, Severity.WARNING, "slot 3 is out of order", NOON_MS)
ALARM = Alarm("alm-1", KEY, Severity.WARNING, TROUBLE.text, NOON_MS)
LATER_MS = NOON_MS + HOUR_MS
SAID = Mark("ord-1-e1", NOON_MS, ClockState.SYNCED)


def kinds(sight: Sight) -> set[AlarmKind]:
    return {trouble.key.kind for trouble in of_cabinet(sight, NOON_MS)}


def test_a_cabinet_that_works_is_no_trouble() -> None:
    assert kinds(WELL) == set()


def test_a_cabinet_is_off_line_when_it_has_been_silent_for_a_while() -> None:
    silent = replace(WELL, usable=False, last_seen_ms=NOON_MS - OFFLINE_MS)
    assert kinds(silent) == {AlarmKind.CABINET_OFFLINE}
    assert kinds(replace(silent, last_seen_ms=NOON_MS - OFFLINE_MS + 1)) == set()
    assert kinds(replace(silent, usable=True)) == set()


def test_a_cabinet_that_fell_silent_while_nobody_listened_raises_and_clears_nothing_for_a_while() -> None:
    silent = replace(WELL, usable=False, last_seen_ms=NOON_MS - HOUR_MS)
    (fresh,) = of_cabinet(silent, NOON_MS, listening_since_ms=NOON_MS - OFFLINE_MS + 1)
    assert changed(None, fresh) == []
    known = Alarm("alm-2", fresh.key, fresh.severity, fresh.text, fresh.since_ms)
    assert changed(known, fresh) == []
    (lasting,) = of_cabinet(silent, NOON_MS, listening_since_ms=NOON_MS - OFFLINE_MS)
    assert changed(None, lasting) == [lasting]


def test_each_slot_that_is_out_of_order_is_a_trouble_of_its_own() -> None:
    broken = tuple(slot._replace(state=SlotState.FAULTY) if slot.slot > 2 else slot for slot in SLOTS)
    found = list(of_cabinet(replace(WELL, slots=broken), NOON_MS))
    assert [trouble.key.part for trouble in found] == ["3", "4"]
    assert found[0].text == "slot 3 of Harbour is out of order and holds bnk-3"


def test_a_cabinet_with_hardly_a_bank_is_low_unless_it_is_off_line_anyway() -> None:
    assert kinds(replace(WELL, ready_banks=1)) == {AlarmKind.LOW_STOCK}
    assert kinds(replace(WELL, ready_banks=2)) == set()
    assert kinds(replace(WELL, ready_banks=0, usable=False)) == set()


def test_a_bank_in_two_cabinets_names_both() -> None:
    trouble = of_bank(BankId("bnk-1"), [CabinetId("cab-2"), CabinetId("cab-1")], NOON_MS)
    assert trouble.text == "bnk-1 stands in cab-1 and in cab-2 at once"
    assert trouble.severity is Severity.CRITICAL


@pytest.mark.parametrize("state", list(OrderState))
def test_an_order_that_stays_in_a_state_for_a_week_is_stuck_unless_it_has_ended(state: OrderState) -> None:
    order = replace(order_in_use(), state=state, since_ms=NOON_MS - 7 * 24 * HOUR_MS)
    assert bool(list(of_order(order, NOON_MS))) is not order.final
    assert not list(of_order(replace(order, since_ms=NOON_MS), NOON_MS))


@pytest.mark.parametrize(
    ("track", "told"),
    [
        (BankTrack(BankId("bnk-1"), BankPlace.ASTRAY, JobId("job-1")), "a courier had it last"),
        (BankTrack(BankId("bnk-1"), BankPlace.INBOUND, JobId("job-1")), "a courier had it last"),
        (BankTrack(BankId("bnk-1"), BankPlace.ASTRAY, given_by=CabinetId("cab-1")), "it left cab-1"),
        (BankTrack(BankId("bnk-1"), BankPlace.BACK, claimed=SAID), "a courier says that it is back"),
        (BankTrack(BankId("bnk-1"), BankPlace.BACK, back=SAID), None),
        (BankTrack(BankId("bnk-1"), BankPlace.SOLD), None),
    ],
)
def test_a_bank_that_no_cabinet_has_seen_since_its_order_ended_is_missing(
    track: BankTrack, told: str | None
) -> None:
    ended = replace(order_in_use(), state=OrderState.SETTLED, since_ms=NOON_MS, banks=(track,))
    assert not list(of_outstanding(ended, track.bank, NOON_MS + MISSING_MS))
    found = [trouble.text for trouble in of_outstanding(ended, track.bank, NOON_MS + MISSING_MS + 1)]
    said = [] if told is None else [f"bnk-1 of {ended.id} is in no cabinet: {told}"]
    assert found == said


def test_a_bank_is_outstanding_until_a_cabinet_has_it() -> None:
    script = city()
    order = delivering(script)
    job, name = script.job()
    gone = {"why": JobEnd.GAVE_UP_WITH_BANKS, "banks": ("bnk-a1",)}
    script.cancel(order.id)
    script.report(made(delivery.DeliveryFailed, job=job, order=name, **gone))
    assert script.order(order.id).final
    assert [(found.id, bank) for found, bank in script.region.outstanding()] == [(order.id, "bnk-a1")]
    script.insert(A, 1, "bnk-a1")
    assert not list(script.region.outstanding())


# Alarms.


def changed(known: Alarm | None, trouble: Trouble | None, now_ms: int = LATER_MS) -> list[Trouble | Alarm]:
    standing: Mapping[Key, Alarm] = {} if known is None else {known.key: known}
    found = {} if trouble is None else {trouble.key: trouble}
    return list(reconcile(standing, found, now_ms))


def test_a_trouble_raises_one_alarm() -> None:
    assert changed(None, TROUBLE) == [TROUBLE]
    assert changed(ALARM, TROUBLE) == []


def test_an_alarm_says_what_its_trouble_says_now() -> None:
    worse = replace(TROUBLE, text="two messages", severity=Severity.CRITICAL)
    assert changed(ALARM, worse) == [replace(ALARM, text="two messages", severity=Severity.CRITICAL)]


def test_an_alarm_is_cleared_when_its_trouble_is_over_and_open_again_when_it_comes_back() -> None:
    cleared = replace(ALARM, cleared_ms=LATER_MS)
    assert changed(ALARM, None) == [cleared]
    assert changed(cleared, TROUBLE) == [ALARM]


def test_an_alarm_that_nobody_touched_closes_some_time_after_its_trouble() -> None:
    cleared = replace(ALARM, cleared_ms=LATER_MS - SELF_CLOSE_MS)
    closed = replace(cleared, closed=Handling(SYSTEM, LATER_MS, "it was over by itself"))
    assert changed(cleared, None) == [closed]
    assert changed(cleared, None, LATER_MS - 1) == []
    for touched in (
        replace(cleared, acknowledged=Handling("opr-anna", NOON_MS)),
        replace(cleared, assignee="opr-anna"),
    ):
        assert changed(touched, None) == []


def test_an_alarm_closed_while_its_trouble_lasts_is_not_raised_again_before_that_was_over() -> None:
    muted = replace(ALARM, closed=Handling("opr-anna", LATER_MS, "we know"))
    assert changed(muted, TROUBLE) == []
    assert changed(muted, None) == [replace(muted, cleared_ms=LATER_MS)]


def test_what_happens_anew_after_its_alarm_was_closed_is_raised_again() -> None:
    muted = replace(ALARM, closed=Handling("opr-anna", LATER_MS, "we know"))
    assert changed(muted, replace(TROUBLE, last_ms=LATER_MS)) == []
    anew = replace(TROUBLE, last_ms=LATER_MS + 1)
    assert changed(muted, anew) == [anew]
