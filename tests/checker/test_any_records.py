"""Whatever records say, the checker finds what is wrong with them and never fails itself."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from chargeloop_checker import check
from chargeloop_checker.shapes import COLUMNS, Column, Record
from checker_stream import Stream, courier_rental, walk_up_rental
from hypothesis import given
from hypothesis import strategies as st

_RENTALS: dict[str, Callable[[], Stream]] = {"courier": courier_rental, "walk_up": walk_up_rental}
_TOLD = sorted(
    {
        value
        for rental in _RENTALS.values()
        for record in rental().records
        for value in record
        if isinstance(value, str) and not value.startswith("{")
    }
)
# The words that records use, places and ids cut short, and what is no text for anybody's eyes.
_TEXTS = st.sampled_from([*_TOLD, "slot", "slot/", "tray", "", "ord-", "job", "\ud800"]) | st.text(
    "a1-/", max_size=4
)
_INTEGERS = st.integers(-3, 3) | st.sampled_from([-(2**70), 2**40])
_VALUES = st.none() | st.booleans() | _INTEGERS | _TEXTS
_MEMBERS = (
    "bank",
    "banks",
    "astray",
    "job",
    "leg",
    "hold",
    "kind",
    "cabinet",
    "slot",
    "reservation",
    "quantity",
)
_JSON = st.recursive(
    _VALUES,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(_MEMBERS), part, max_size=5),
    max_leaves=12,
)
_DETAILS = _JSON.map(json.dumps) | st.sampled_from(["", "{", "NaN", "9" * 5_000, "[" * 100_000])


_DETAILED = (
    "bank_ejected",
    "bank_returned",
    "reservation_refused",
    "job_ended",
    "rental_closed",
    "fee_waived",
    "dispute_opened",
    "dispute_answered",
    "failed",
)
_WISHES = (
    "open_dispute",
    "answer_dispute",
    "waive_fee",
    "end_order",
    "cancel_order",
    "command_cabinet",
    "wonders",
)


def _values_of(column: Column) -> st.SearchStrategy[Any]:
    if column.name == "detail":
        return _DETAILS
    values = {"t": _TEXTS, "i": _INTEGERS, "b": st.booleans(), "l": st.lists(_TEXTS, max_size=2).map(tuple)}
    return values[column.type] | st.none() if column.may_be_null else values[column.type]


@st.composite
def _changed(draw: st.DrawFn) -> list[Record]:
    """Returns the records of a rental with some columns changed to others of their types, some left out."""
    records: list[Record] = [*_RENTALS[draw(st.sampled_from(sorted(_RENTALS)))]().records]
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(records) - 1))
        number = draw(st.integers(0, len(records[at]) - 1))
        if number == 0:
            records.insert(draw(st.integers(0, len(records))), records.pop(at))
            continue
        column = COLUMNS[records[at][0]][number]
        value = draw(_values_of(column))
        records[at] = (*records[at][:number], value, *records[at][number + 1 :])
    return [*records, ("end", records[-1][1])]


@given(_changed())
def test_records_of_the_right_shape_may_say_anything(records: list[Record]) -> None:
    check(records)


@pytest.mark.parametrize("kind", _DETAILED)
@given(detail=_DETAILS)
def test_the_detail_of_an_entry_may_be_anything(kind: str, detail: str) -> None:
    stream = courier_rental().event("ord-7a", kind, "settled").change("event", -1, detail=detail)
    stream.broken()


@pytest.mark.parametrize("kind", _WISHES)
@given(detail=_DETAILS, answer=_DETAILS)
def test_a_wish_and_its_answer_may_be_anything(kind: str, detail: str, answer: str) -> None:
    stream = courier_rental().wish("opr-1", kind, "ord-7a")
    stream.change("wish", detail=detail).change("reply", answer=answer).broken()
