"""Tables are for people: words and short times, and no blanks at the end of a line that goes into a file."""

from typing import Any

import pytest

from chargeloop.cli.tables import end_table, order_table, orders_table, show

ORDER: dict[str, Any] = {
    "id": "ord-f8cacc805d128a55f6cc",
    "state": "in_use",
    "quantity": 1,
    "banks": ["bnk-000001"],
    "hand_over": "walk_up",
    "cabinet": "cab-0001",
    "courier": None,
    "placed": "2026-06-01T08:00:05.123Z",
    "changed": "2026-06-01T08:04:00.000Z",
    "events": [
        {"time": "2026-06-01T08:00:05.123Z", "type": "first_indication"},
        {"time": "2026-06-01T08:03:00.000Z", "type": "bank_ejected"},
    ],
    "fee_lines": [
        {
            "fee": "courier_out", "from_time": "2026-06-01T08:00:05.123Z", "currency": "EUR",
            "to_time": "2026-06-01T08:04:00.000Z", "amount_minor": 250,
        }
    ],
}  # fmt: skip


def shown(table: Any, capsys: pytest.CaptureFixture[str]) -> list[str]:
    show(table)
    return capsys.readouterr().out.splitlines()


def test_an_order_is_shown_in_words_with_times_that_people_read(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(order_table(ORDER), capsys)
    assert lines[:2] == ["ord-f8cacc805d128a55f6cc", "state     in use"]
    assert "hand over walk up" in lines
    assert "placed    2026-06-01 08:00:05 UTC" in lines
    assert "2026-06-01 08:00:05 taken by a courier" in lines
    assert "2026-06-01 08:03:00 bank ejected" in lines
    assert any(
        line.startswith("courier out 2026-06-01 08:00:05 2026-06-01 08:04:00 0:03:54") for line in lines
    )
    raw = [line for line in lines if "_" in line or "T08" in line]
    assert raw == []


def test_what_goes_into_a_file_has_no_blank_lines_and_none_at_the_end_of_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for table in (order_table(ORDER), orders_table({"orders": [ORDER]})):
        lines = shown(table, capsys)
        assert lines == [line.rstrip() for line in lines]
        assert "" not in lines


def test_no_two_columns_of_a_demo_s_end_have_the_same_name(capsys: pytest.CaptureFixture[str]) -> None:
    record = {**ORDER, "record": "order"}
    _, head, row = shown(end_table([record], "EUR"), capsys)
    names = head.replace("trip ", "trip").split()
    assert len(names) == len(set(names)) == 11
    assert len(head) <= 80
    assert row.startswith("ord-f8cacc80 1 in_use")
