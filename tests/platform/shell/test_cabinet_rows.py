"""A cabinet's row gives back the cabinet, whatever it holds."""

import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.platform.core.rows import CabinetRecord, SaveCabinet, bare_slot
from chargeloop.platform.shell.cabinet_rows import COLUMNS, record_of, row_of
from chargeloop.platform.shell.store import schema_text, statements
from chargeloop.protocol.ids import CabinetId
from chargeloop.protocol.messages.cabinet import SlotState
from tests.platform.shell.books import CABINET, REGION


@given(st.from_type(CabinetRecord))
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
