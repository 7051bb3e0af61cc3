"""What cabinets have told and the platform does not know is found, and nothing where all is right."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from chargeloop.broker.device import Journal
from chargeloop.cli.chaos.heard import Traces, unheeded
from chargeloop.cli.chaos.journals import JournalWatch
from chargeloop.cli.chaos.ledger import read_traces
from chargeloop.cli.truth import Truth
from chargeloop.platform import shell
from chargeloop.platform.core.rows import CabinetRecord, SlotRecord
from chargeloop.platform.shell import cabinet_rows
from chargeloop.protocol.clock_map import ClockMap
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import BankId, CabinetId, CommandId, ReservationId
from chargeloop.protocol.messages import cabinet as cab
from tests.cli.chaos.test_lossless import RIGHT, record

PICKUP = cab.PickupFinished.model_validate({"reservation": "rsv-1", "ejected": 2, "missing": 0})
JAM = cab.EjectFailed(
    slot=4, bank=BankId("bnk-4"), reservation=ReservationId("rsv-1"), reason=cab.CabinetReason.JAM
)
END = cab.ReservationEnded(reservation=ReservationId("rsv-1"), why=cab.HoldEnd.FULFILLED)
BACK = cab.BankReturned.model_validate({"slot": 2, "bank": "bnk-1", "reservation": None})
OUT = cab.BankEjected.model_validate({"slot": 2, "bank": "bnk-1", "reservation": "rsv-1"})
TOLD = (OUT, PICKUP, JAM, END, BACK)
TRUTH = Truth({}, slots={"cab-0001": {1: None, 2: "bnk-1"}})
KNOWN = Traces(
    entries={
        ("ord-1", "pickup_finished"): [{"reservation": "rsv-1", "ejected": 2}],
        ("ord-1", "eject_failed"): [{"bank": "bnk-4", "cabinet": "cab-0001", "slot": 4}],
        ("ord-1", "reservation_ended"): [{"reservation": "rsv-1", "cabinet": "cab-0001"}],
    },
    returns=frozenset({("bnk-1", "cab-0001", 2)}),
    slots={"cab-0001": {1: None, 2: "bnk-1"}},
)


def found(data: Path, traces: Traces, *events: Data, truth: Truth = TRUTH) -> list[str]:
    """Return the violations when the cabinet has told these events."""
    journal = Journal(data / "cabinets" / "cab-0001" / "journal")
    record(journal, *events)
    journal.close()
    watch = JournalWatch(data)
    watch.look()
    return list(unheeded(watch, RIGHT, traces, truth))


def without(kind: str) -> Traces:
    return replace(KNOWN, entries={key: told for key, told in KNOWN.entries.items() if key[1] != kind})


def outcome(said: cab.Outcome) -> cab.CommandFinished:
    return cab.CommandFinished(command=CommandId("cmd-1"), epoch=1, outcome=said)


def test_a_platform_that_knows_everything_has_no_violation(tmp_path: Path) -> None:
    assert found(tmp_path, KNOWN, *TOLD) == []


@pytest.mark.parametrize(
    ("traces", "said"),
    [
        (without("pickup_finished"), "cab-0001 finished the pickup of rsv-1, which ord-1 does not know"),
        (without("eject_failed"), "slot 4 of cab-0001 jammed for ord-1, whose journal does not say so"),
        (without("reservation_ended"), "cab-0001 ended rsv-1, and the journal of ord-1 does not say so"),
        (
            replace(KNOWN, returns=frozenset()),
            "bnk-1 is back in slot 2 of cab-0001, and no order nor early return says so",
        ),
        (
            replace(KNOWN, slots={"cab-0001": {1: "bnk-1", 2: "bnk-1"}}),
            "slot 1 of cab-0001 holds no bank, and the platform knows bnk-1 there",
        ),
        (
            replace(KNOWN, slots={"cab-0001": {1: None}}),
            "slot 2 of cab-0001 holds bnk-1, and the platform knows none there",
        ),
    ],
)
def test_what_the_platform_has_committed_and_thrown_away_is_told(
    traces: Traces, said: str, tmp_path: Path
) -> None:
    assert found(tmp_path, traces, *TOLD) == [said]


def test_only_the_last_return_of_a_bank_that_still_stands_there_must_be_known(tmp_path: Path) -> None:
    unknown = replace(KNOWN, returns=frozenset())
    gone = Truth({}, slots={"cab-0001": {1: None, 2: None}})
    slots = replace(unknown, slots=gone.slots)
    assert found(tmp_path / "left", slots, PICKUP, JAM, END, BACK, OUT, truth=gone) == []
    assert found(tmp_path / "by force", slots, *TOLD, truth=gone) == []


def test_a_command_may_be_answered_twice_but_not_with_two_outcomes(tmp_path: Path) -> None:
    assert found(tmp_path / "same", KNOWN, outcome(cab.Outcome.DONE), outcome(cab.Outcome.DONE)) == []
    told = ["cabinet/cab-0001 told two outcomes of cmd-1"]
    assert found(tmp_path / "other", KNOWN, outcome(cab.Outcome.DONE), outcome(cab.Outcome.FAILED)) == told


def test_a_reservation_that_no_order_knows_is_nobodys(tmp_path: Path) -> None:
    strange = PICKUP.model_copy(update={"reservation": "rsv-9"})
    assert found(tmp_path, KNOWN, strange) == []


def test_the_traces_are_read_from_the_store(tmp_path: Path) -> None:
    write_store(tmp_path / "platform" / "rental.sqlite3")
    traces = read_traces(tmp_path)
    assert traces.has("ord-1", "pickup_finished", reservation="rsv-1")
    assert not traces.has("ord-1", "pickup_finished", reservation="rsv-2")
    assert not traces.has("ord-2", "pickup_finished", reservation="rsv-1")
    assert traces.returns == {("bnk-1", "cab-1", 2), ("bnk-2", "cab-1", 3), ("bnk-3", "cab-2", 1)}
    assert traces.slots == {"cab-1": {1: None, 2: "bnk-1"}}


def write_store(path: Path) -> None:
    """Write some rows as the rental platform does."""
    events = [
        ("pickup_finished", {"reservation": "rsv-1", "ejected": 1}),
        ("bank_returned", {"bank": "bnk-1", "cabinet": "cab-1", "slot": 2}),
        ("bank_found", {"bank": "bnk-2", "cabinet": "cab-1", "slot": 3}),
    ]
    slots = (
        SlotRecord(1, cab.SlotState.EMPTY),
        SlotRecord(2, cab.SlotState.READY, BankId("bnk-1"), 90),
    )
    cabinet = CabinetRecord(
        CabinetId("cab-1"), "Corner", None, 1, 1, True, 0, None, 0, 0, 0, slots, None, 0, ClockMap(())
    )
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as store:
        store.executescript(resources.files(shell).joinpath("schema.sql").read_text("utf-8"))
        store.executemany(
            "INSERT INTO order_events VALUES (?, 'ord-1', ?, 0, 0, 'synced', ?)",
            [(f"evt-{n}", kind, json.dumps(detail)) for n, (kind, detail) in enumerate(events)],
        )
        store.execute("INSERT INTO early_returns VALUES ('bnk-3', 'cab-2', 1, 0, 'synced')")
        row = cabinet_rows.row_of(cabinet)
        store.execute(f"INSERT INTO cabinets VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        store.commit()
