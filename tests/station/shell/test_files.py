"""What a cabinet writes, it reads again."""

from dataclasses import replace
from pathlib import Path

import pytest

from chargeloop.protocol.ids import BankId, JournalId
from chargeloop.protocol.messages import cabinet as cab
from chargeloop.station.core import cabinet
from chargeloop.station.core.mechanics import Ghost
from chargeloop.station.core.memory import GiveAnswer
from chargeloop.station.shell.files import CabinetFileError, CabinetFiles, WrittenRecord, WrittenStep
from tests.station.core.workbench import CODE, RSV, asker, bank, bench, eject, reserve_banks, reserve_slots

JOURNAL = JournalId("jnl-1")


def written_step(after_seq: int = 4) -> WrittenStep:
    """Returns a step out of a full life: reservations, outcomes, a motor that runs, a wrong code."""
    made = bench([100, 90, 80, None])
    made.order(reserve_banks(1), "cmd-1")
    made.order(reserve_banks(1, reservation="rsv-2", code="1111"), "cmd-2")
    made.order(reserve_slots(1, reservation="rsv-3"), "cmd-3")
    made.type_code("0000", asker(request="m-0"))
    made.order(eject(), "cmd-4")
    step = cabinet.type_code(made.memory, made.senses(), asker(), "1111")
    records = tuple(WrittenRecord.of(record) for record in (*made.journal[-2:], *step.records))
    answers = (GiveAnswer(asker(), accepted=True, display="take 1", claim=RSV),)
    return WrittenStep(step.memory, JOURNAL, after_seq, records, answers)


def test_a_step_is_read_as_it_was_written(tmp_path: Path) -> None:
    step = written_step()
    assert step.memory.pickups[0].motor is not None
    CabinetFiles(tmp_path).save_step(step)
    assert CabinetFiles(tmp_path).load_step() == step


def test_the_entries_of_a_step_are_read_as_they_were_made(tmp_path: Path) -> None:
    locked = cab.KeypadLocked(wrong_codes=5, until=1_800_000_000_000)
    made = bench([100, None])
    made.order(cab.ReportInventory(epoch=1), "cmd-1")
    for data in (locked, *(record.data for record in made.journal)):
        record = replace(made.journal[0], data=data)
        assert WrittenRecord.of(record).record() == record


@pytest.mark.parametrize(("last_seq", "missing"), [(4, 3), (5, 2), (7, 0), (3, 3)])
def test_only_the_entries_that_the_journal_lacks_are_missing(last_seq: int, missing: int) -> None:
    step = written_step()
    assert len(step.missing(JOURNAL, last_seq)) == missing


def test_a_new_journal_lacks_all_entries_of_the_step() -> None:
    assert len(written_step().missing(JournalId("jnl-new"), 0)) == 3


def test_the_physical_state_is_read_as_it_was_written_but_for_unsettled_sensors(tmp_path: Path) -> None:
    made = bench([100, 90, None])
    made.order(reserve_banks(), "cmd-1")
    made.type_code(CODE)
    made.push_in(bank("9"), None, asker(request="push"))
    world = replace(made.world, ghosts={1: Ghost(bank("1"), 2)})
    CabinetFiles(tmp_path).save_mechanics(world)
    assert CabinetFiles(tmp_path).load_mechanics(3) == made.world


def test_a_new_cabinet_has_no_files(tmp_path: Path) -> None:
    files = CabinetFiles(tmp_path / "cab-1")
    assert (files.load_step(), files.load_mechanics(4)) == (None, None)


def test_a_damaged_file_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"slots": 3}')
    with pytest.raises(CabinetFileError, match=r"state\.json: is damaged: slots: "):
        CabinetFiles(tmp_path).load_mechanics(3)


def test_a_cabinet_with_another_number_of_slots_is_another_cabinet(tmp_path: Path) -> None:
    CabinetFiles(tmp_path).save_mechanics(bench([100]).world)
    said = r"state\.json: .* fixed at its first start: it was 1, the fleet's file says 2; write 1 there"
    with pytest.raises(CabinetFileError, match=said):
        CabinetFiles(tmp_path).load_mechanics(2)


def test_a_damaged_journal_is_put_aside_and_a_new_one_begins(tmp_path: Path) -> None:
    files = CabinetFiles(tmp_path)
    first = files.open_journal()
    first.close()
    (tmp_path / "journal").write_text("nonsense\nmore nonsense\n")
    second = files.open_journal()
    second.close()
    assert second.journal_id != first.journal_id
    assert (tmp_path / "journal.damaged").read_text().startswith("nonsense")


def test_a_full_cabinet_of_the_largest_kind_fits_into_one_message(tmp_path: Path) -> None:
    slots = tuple(
        cab.SlotStatus(
            slot=number,
            state=cab.SlotState.RESERVED,
            bank=bank("x").model_copy(update={"bank": BankId(f"bnk-{number:020d}")}),
            reservation=RSV,
        )
        for number in range(1, 37)
    )
    assert len(cab.InventoryReported(slots=slots).model_dump_json(exclude_none=True)) < 7 * 1024
