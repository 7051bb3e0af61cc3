"""Scans of a cabinet."""

import pytest
from checker_stream import Stream

PLACED, FAILED = "nothing > reserving", "reserving > failed"


def scanned(**columns: object) -> Stream:
    """Returns a stream in which somebody scanned a cabinet, and a second order that may differ follows."""
    stream = Stream().tariff().order("ord-1", walk_up=True).event("ord-1", "placed", PLACED)
    return stream.wait(0.25).order("ord-2", walk_up=True).change("order", 1, **columns)


def ended(stream: Stream) -> set[str]:
    stream.event("ord-2", "placed", PLACED).event("ord-2", "failed", FAILED)
    return stream.event("ord-1", "failed", FAILED).broken()


def test_two_scans_of_a_cabinet_are_one_order() -> None:
    assert ended(scanned()) == {"orders.scanned"}


@pytest.mark.parametrize(
    "columns",
    [
        {"user": "usr-2"},
        {"cabinet": "cab-2"},
        {"asked_quantity": 2},
        {"cabinet": None, "hand_over": "courier"},
    ],
    ids=str,
)
def test_another_wish_is_another_order(columns: dict[str, object]) -> None:
    assert ended(scanned(**columns)) == set()


@pytest.mark.parametrize(("minutes", "broken"), [(0.49, {"orders.scanned"}), (0.5, set())])
def test_a_scan_half_a_minute_later_is_another_order(minutes: float, broken: set[str]) -> None:
    stream = Stream().tariff().order("ord-1", walk_up=True).event("ord-1", "placed", PLACED)
    assert ended(stream.wait(minutes).order("ord-2", walk_up=True)) == broken


def test_a_scan_after_an_order_that_has_failed_is_another_one() -> None:
    stream = Stream().tariff().order("ord-1", walk_up=True).event("ord-1", "placed", PLACED)
    stream.event("ord-1", "failed", FAILED).order("ord-2", walk_up=True)
    assert stream.event("ord-2", "placed", PLACED).event("ord-2", "failed", FAILED).broken() == set()


def test_a_third_scan_is_compared_with_the_latest_order() -> None:
    stream = Stream().tariff().order("ord-1", walk_up=True).event("ord-1", "placed", PLACED)
    stream.event("ord-1", "failed", FAILED).order("ord-2", walk_up=True).order("ord-3", walk_up=True)
    assert "orders.scanned" in stream.broken()
