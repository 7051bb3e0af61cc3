"""The checks for what is lost or done twice find what was planted, and nothing where all is right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chargeloop.broker.device import Journal
from chargeloop.cli.chaos import lossless
from chargeloop.cli.chaos.journals import JournalWatch
from chargeloop.cli.chaos.lossless import Channel, Ledger
from chargeloop.cli.truth import Truth
from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages import cabinet as cab

SOURCE = "cabinet/cab-0001"
RIGHT = Ledger(
    marks={},
    channels=(Channel("rental to courier platform", 3, 3, 3),),
    quantities={"rsv-1": 2},
    orders={"rsv-1": "ord-1"},
    ejected=frozenset({("ord-1", "bnk-1"), ("ord-1", "bnk-2")}),
    quarantined=(),
)


def ejected(bank: str, reservation: str | None = "rsv-1") -> Data:
    return cab.BankEjected.model_validate({"slot": 1, "bank": bank, "reservation": reservation})


def record(journal: Journal, *events: Data) -> None:
    """Write events as a cabinet does."""
    first = journal.last_seq + 1
    journal.append(
        [
            encode(
                seal(
                    event,
                    id=f"{journal.journal_id}.{seq}",
                    source=SOURCE,
                    time=0,
                    journalid=journal.journal_id,
                    seq=seq,
                )
            )
            for seq, event in enumerate(events, start=first)
        ]
    )


def found(
    data: Path,
    ledger: Ledger,
    *events: Data,
    committed: int | None = None,
    pushed_out: Sequence[str] | None = None,
) -> list[str]:
    """Return the violations when a cabinet has recorded these events and so many are committed (all).

    Its motors have pushed these banks out; those that it says when nothing else is given.
    """
    journal = Journal(data / "cabinets" / "cab-0001" / "journal")
    if events:
        record(journal, *events)
    journal.close()
    mark = len(events) if committed is None else committed
    watch = JournalWatch(data)
    watch.look()
    if pushed_out is None:
        pushed_out = [event.bank for event in events if isinstance(event, cab.BankEjected)]
    truth = Truth({}, pushed_out=Counter(("cab-0001", bank) for bank in pushed_out))
    ledger = replace(ledger, marks={(SOURCE, journal.journal_id): mark})
    said = lossless.violations(watch, ledger, truth)
    return [sentence.replace(journal.journal_id, "jnl") for sentence in said]


def test_a_world_in_which_all_is_right_has_no_violation(tmp_path: Path) -> None:
    assert found(tmp_path, RIGHT, ejected("bnk-1"), ejected("bnk-2")) == []


@pytest.mark.parametrize(
    ("committed", "said"),
    [
        (0, "cabinet/cab-0001: entries 1 to 2 of jnl are not committed"),
        (1, "cabinet/cab-0001: entries 2 to 2 of jnl are not committed"),
        (3, "cabinet/cab-0001: jnl ends at 2, but 3 is committed"),
    ],
)
def test_an_entry_that_is_not_committed_is_told(committed: int, said: str, tmp_path: Path) -> None:
    assert found(tmp_path, RIGHT, ejected("bnk-1"), ejected("bnk-2"), committed=committed) == [said]


def test_a_bank_that_came_out_twice_is_told(tmp_path: Path) -> None:
    twice = found(tmp_path, RIGHT, ejected("bnk-1"), ejected("bnk-1"))
    assert twice == ["bank bnk-1 was ejected 2 times for rsv-1"]


@pytest.mark.parametrize(
    ("pushed_out", "said"),
    [
        (("bnk-1", "bnk-2"), "the motors of cab-0001 pushed bnk-2 out 1 times, its journal says 0 times"),
        (("bnk-1", "bnk-1"), "the motors of cab-0001 pushed bnk-1 out 2 times, its journal says 1 times"),
        ((), "the motors of cab-0001 pushed bnk-1 out 0 times, its journal says 1 times"),
    ],
)
def test_a_bank_that_a_motor_pushed_out_is_told_when_the_journal_says_something_else(
    pushed_out: Sequence[str], said: str, tmp_path: Path
) -> None:
    assert found(tmp_path, RIGHT, ejected("bnk-1"), pushed_out=pushed_out) == [said]


def test_a_motor_is_not_accused_by_a_journal_of_which_not_everything_was_seen(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "cabinets" / "cab-0001" / "journal")
    record(journal, ejected("bnk-1"), ejected("bnk-2"))
    journal.close()
    watch = JournalWatch(tmp_path)
    watch.look()
    truth = Truth({}, pushed_out={("cab-0001", "bnk-1"): 1, ("cab-0001", "bnk-2"): 1})
    del watch.journals[0].entries[1]
    ejects = [lossless.Eject.of(journal, entry["data"]) for journal, entry in watch.entries("bank_ejected")]
    assert list(lossless.motors(ejects, truth, watch.journals)) == []
    assert list(lossless.motors(ejects, Truth({}), watch.journals)) == [
        "the motors of cab-0001 pushed bnk-2 out 0 times, its journal says 1 times"
    ]


def test_more_banks_than_were_wanted_are_told(tmp_path: Path) -> None:
    wanted = replace(RIGHT, quantities={"rsv-1": 1})
    more = found(tmp_path, wanted, ejected("bnk-1"), ejected("bnk-2"))
    assert more == ["2 banks were ejected for rsv-1, whose order wants 1"]


def test_a_bank_that_left_without_its_order_knowing_is_told(tmp_path: Path) -> None:
    said = found(tmp_path, RIGHT, ejected("bnk-3"), ejected("bnk-4", "rsv-9"), ejected("bnk-5", None))
    assert said == [
        "cabinet/cab-0001 ejected bnk-3 for ord-1, whose journal does not say so",
        "cabinet/cab-0001 ejected bnk-4 for rsv-9, which no order knows",
        "cabinet/cab-0001 ejected bnk-5 for None, which no order knows",
    ]


def test_what_one_platform_has_not_taken_from_the_other_and_what_is_refused_is_told(tmp_path: Path) -> None:
    wrong = replace(
        RIGHT,
        channels=(Channel("rental to courier platform", 3, 2, 3),),
        quarantined=("a message on cl/v1 is in quarantine: bad",),
    )
    assert found(tmp_path, wrong) == [
        "rental to courier platform: 3 were sent, 3 taken and 2 acknowledged",
        "a message on cl/v1 is in quarantine: bad",
    ]


def test_a_journal_that_was_put_aside_as_damaged_is_told(tmp_path: Path) -> None:
    directory = tmp_path / "cabinets" / "cab-0001"
    directory.mkdir(parents=True)
    (directory / "journal.damaged").touch()
    assert found(tmp_path, RIGHT) == [f"{directory / 'journal.damaged'} was found damaged"]


def test_entries_that_were_cut_off_are_known_when_they_were_seen_and_no_gap_when_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "cabinets" / "cab-0001" / "journal")
    watch = JournalWatch(tmp_path)
    record(journal, *[ejected(f"bnk-{number}") for number in range(200)])
    watch.look()
    record(journal, *[ejected(f"bnk-{number}") for number in range(200, 301)])
    journal.acknowledge(journal.journal_id, 300)
    journal.close()
    watch.look()
    (seen,) = watch.journals
    assert (seen.last, seen.base, len(seen.entries)) == (301, 300, 201)
    assert list(lossless.gaps(watch.journals)) == []


def test_a_number_that_is_missing_in_a_journal_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "cabinets" / "cab-0001" / "journal")
    record(journal, ejected("bnk-1"), ejected("bnk-2"), ejected("bnk-3"))
    journal.close()
    watch = JournalWatch(tmp_path)
    watch.look()
    del watch.journals[0].entries[2]
    assert list(lossless.gaps(watch.journals)) == [f"{SOURCE}: {journal.journal_id} has no entry 2"]
