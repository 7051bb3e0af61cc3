"""How long slots are kept for orders that are over."""

import pytest
from checker_stream import Stream, courier_rental

RESERVATION = "rsv-7a-1"


def kept(minutes: float, *troubles: tuple[str, str]) -> set[str]:
    """Returns what is broken when cab-1 keeps a slot for so long after its order, amid faults."""
    stream = courier_rental().tell("hold", "cab-1", 1, RESERVATION)
    for name, target in troubles:
        stream.tell("fault", name, target)
    return given_back(stream.wait(minutes))


def given_back(stream: Stream) -> set[str]:
    return stream.tell("hold", "cab-1", 1, None).broken()


def test_a_slot_is_given_back_within_minutes_of_its_orders_end() -> None:
    assert kept(9) == set()
    assert kept(11) == {"holds.overdue"}


def test_a_slot_that_passes_to_another_reservation_is_given_back_too() -> None:
    stream = courier_rental().tell("hold", "cab-1", 1, RESERVATION).wait(11)
    assert given_back(stream.tell("hold", "cab-1", 1, "rsv-8c-1")) == {"holds.overdue"}


def test_a_slot_that_is_kept_to_the_end_is_overdue() -> None:
    stream = courier_rental().tell("hold", "cab-1", 1, RESERVATION).wait(11)
    assert stream.broken() == {"holds.end", "holds.overdue"}


def test_a_slot_may_be_kept_for_long_while_its_order_is_open() -> None:
    stream = courier_rental()
    end = next(index for index, record in enumerate(stream.records) if record[0] == "tariff")
    stream.records.insert(end, ("hold", stream.records[end][1], "demo", "cab-1", 1, RESERVATION))
    assert "holds.overdue" not in stream.broken()


@pytest.mark.parametrize(
    ("trouble", "lasts"),
    [
        (("partition", "cab-1"), 121),
        (("partition", "rnt-demo"), 121),
        (("power_cut", "cab-1"), 11),
        (("broker_crash", "broker"), 3),
        (("service_crash", "rnt-demo"), 3),
        (("fight", "cab-1"), 3),
        (("partition", "cab-2"), 0),
        (("partition", "usr-1"), 0),
        (("service_crash", "dsp-demo"), 0),
    ],
    ids=str,
)
def test_minutes_in_which_the_cabinet_may_be_cut_off_do_not_count(
    trouble: tuple[str, str], lasts: int
) -> None:
    assert kept(lasts + 9, trouble) == set()
    assert kept(lasts + 11, trouble) == {"holds.overdue"}


def test_troubles_at_the_same_time_count_once() -> None:
    assert kept(12, ("fight", "cab-1"), ("broker_crash", "broker"), ("service_crash", "rnt-demo")) == set()
    assert kept(14, ("fight", "cab-1"), ("broker_crash", "broker")) == {"holds.overdue"}


def test_a_cabinet_that_restarts_is_cut_off_for_a_while() -> None:
    stream = courier_rental().tell("hold", "cab-1", 1, RESERVATION).tell("crash", "cab-1", "restart")
    assert given_back(stream.wait(12)) == set()


def test_a_trouble_that_is_over_before_the_orders_end_excuses_nothing() -> None:
    stream = courier_rental().tell("fault", "fight", "cab-1").wait(5).tell("hold", "cab-1", 1, RESERVATION)
    assert given_back(stream.wait(11)) == {"holds.overdue"}
