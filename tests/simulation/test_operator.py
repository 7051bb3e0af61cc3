"""Users who dispute and operators in whole runs: all of it is played, and what it comes to."""

import json
from collections import Counter

import pytest

from chargeloop.protocol.messages.rental import CabinetAction, OrderState
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import Record, discard
from chargeloop.simulation.stage import Stage
from chargeloop.simulation.world import play

BUSY = "worst,dispute=1,waive=1,operator_ends=5,operator_cancels=5,operator_commands=20"
RENTED = {
    OrderState.IN_USE, OrderState.RETURN_RESERVING, OrderState.RETURN_DISPATCHING, OrderState.COLLECTING,
    OrderState.RETURNING, OrderState.SETTLED,
}  # fmt: skip
BRINGING = {OrderState.RESERVING, OrderState.DISPATCHING, OrderState.FETCHING, OrderState.DELIVERING}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """What happened in some runs with an operator who is seldom idle."""
    found: list[Record] = []
    for seed in range(1, 13):
        play(seed, 30, 1, faults_of(BUSY), found.append)
    return found


def wishes(records: list[Record], kind: str) -> list[dict[str, object]]:
    return [json.loads(str(record[7])) for record in records if record[0] == "wish" and record[5] == kind]


def events(records: list[Record], kind: str) -> list[Record]:
    return [record for record in records if record[0] == "event" and record[5] == kind]


def test_orders_are_disputed_while_banks_are_out_and_after_the_settlement(records: list[Record]) -> None:
    states = {record[6] for record in events(records, "dispute_opened")}
    assert {OrderState.IN_USE, OrderState.COLLECTING, OrderState.RETURNING, OrderState.SETTLED} <= states
    assert states <= RENTED


def test_more_is_said_than_counts(records: list[Record]) -> None:
    for wish, event in (
        ("open_dispute", "dispute_opened"),
        ("answer_dispute", "dispute_answered"),
        ("waive_fee", "fee_waived"),
        ("end_order", "rental_closed"),
    ):
        assert len(wishes(records, wish)) > len(events(records, event)) > 0


def test_operators_end_and_cancel_orders_in_every_state(records: list[Record]) -> None:
    ended = {str(wish["reason"]).removeprefix("stuck in ") for wish in wishes(records, "end_order")}
    assert BRINGING | RENTED | {OrderState.RECALLING} <= ended
    called_off = {
        record[6]
        for kind in ("cancelled", "called_off", "failed", "settled")
        for record in events(records, kind)
        if "opr-" in str(record[11])
    }
    assert BRINGING | {OrderState.IN_USE, OrderState.COLLECTING} <= called_off


def test_operators_have_cabinets_do_all_there_is_and_the_three_facts_are_told(records: list[Record]) -> None:
    assert {wish["action"] for wish in wishes(records, "command_cabinet")} == set(CabinetAction)
    told = [record for record in records if record[0] == "intervention"]
    assert {record[6] for record in told if record[13] is not None} == set(CabinetAction)
    assert Counter(str(record[10]) for record in told).keys() >= {"None", "done", "refused"}


def test_nobody_disputes_and_no_operator_is_there_without_them() -> None:
    kinds: set[object] = set()
    play(1, 12, 1, faults_of("none"), lambda record: kinds.add(record[0]))
    assert {"wish", "intervention"}.isdisjoint(kinds)


def test_the_stage_knows_since_when_a_bank_stood_in_a_slot() -> None:
    stage = Stage(1, 0, faults_of("none"), discard)
    assert stage.in_slot_since("bnk-1", 5) == 0
    for at_ms, start, end in (
        (10, "slot/cab-1/1", "tray/cab-1"),
        (20, "tray/cab-1", "user/usr-1"),
        (30, "user/usr-1", "slot/cab-2/1"),
    ):
        stage.loop.run(at_ms)
        stage.move("r1", "bnk-1", start, end, "hand")
    at = [stage.in_slot_since("bnk-1", at_ms) for at_ms in (9, 10, 29, 30, 99)]
    assert at == [0, None, None, 30, 30]


def test_a_bank_from_elsewhere_stood_in_no_slot_before_it_was_brought() -> None:
    stage = Stage(1, 0, faults_of("none"), discard)
    for at_ms, start, end in ((10, "outside", "slot/cab-1/1"), (20, "slot/cab-1/1", "tray/cab-1")):
        stage.loop.run(at_ms)
        stage.move("r1", "bnk-strange", start, end, "hand")
    assert [stage.in_slot_since("bnk-strange", at_ms) for at_ms in (10, 19, 20)] == [10, 10, None]
