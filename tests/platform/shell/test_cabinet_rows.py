"""A cabinet's row gives back the cabinet, whatever it holds."""

import sqlite3
from contextlib import closing
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.platform.core.rows import CabinetRecord, SaveCabinet, bare_slot
from chargeloop.platform.shell.cabinet_rows import COLUMNS, record_of, row_of
from chargeloop.platform.shell.store import schema_text, statements
from chargeloop.protocol.clock_map import BootClock, ClockMap, Heard, Offsets, Sample
from chargeloop.protocol.ids import CabinetId
from chargeloop.protocol.messages.cabinet import SlotState
from tests.platform.shell.books import CABINET, REGION

NUMBERS = st.integers(-(2**62), 2**62 - 1)
SAMPLES = st.builds(Sample, NUMBERS, st.builds(Offsets, NUMBERS, NUMBERS))
HEARD = st.none() | st.builds(Heard, NUMBERS, NUMBERS)
BOOTS = st.builds(BootClock.of, st.text(), st.lists(SAMPLES, max_size=8), HEARD)


@given(st.builds(CabinetRecord, clock=st.builds(ClockMap, st.lists(BOOTS, max_size=4).map(tuple))))
def test_a_row_gives_back_the_cabinet(record: CabinetRecord) -> None:
    assert record_of(row_of(record)) == record


def test_the_table_has_the_columns_of_a_row() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);" + schema_text(REGION))
        for sql, rows in statements([SaveCabinet(CABINET)]):
            database.executemany(sql, rows)
        (row,) = database.execute(f"SELECT {COLUMNS} FROM cabinets")  # noqa: S608
    assert record_of(row) == CABINET


def test_slots_that_hold_nothing_are_shared() -> None:
    record = CabinetRecord(CabinetId("cab-0003"), slots=(bare_slot(1, SlotState.EMPTY),))
    assert record_of(row_of(record)).slots[0] is record.slots[0]


def test_a_clock_is_read_as_the_version_before_wrote_it() -> None:
    """It wrote the numbers one by one."""
    text = (
        '[{"boot":"boot-\\"1","samples":[],"heard":[90000,1795000000030]},'
        '{"boot":"boot-2","samples":[[20,[1794999999980,1795000000020]],[300000,[1,2]]],"heard":null}]'
    )
    clock = ClockMap(
        (
            BootClock.of('boot-"1', (), Heard(90_000, 1_795_000_000_030)),
            BootClock.of(
                "boot-2",
                (
                    Sample(20, Offsets(1_794_999_999_980, 1_795_000_000_020)),
                    Sample(300_000, Offsets(1, 2)),
                ),
            ),
        )
    )
    row = row_of(replace(CABINET, clock=clock))
    assert len(row[-1]) < len(text)
    assert record_of(row).clock == record_of((*row[:-1], text)).clock == clock
