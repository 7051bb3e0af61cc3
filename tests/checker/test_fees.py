"""Fee lines are computed again, and agree with the journal of their order."""

import pytest
from checker_stream import MINUTE_MS, Stream, courier_rental, walk_up_rental

ORDER = "ord-7a"
OUT, RENTAL, BACK = 0, 1, 2


def taken_back(nth: int = RENTAL) -> Stream:
    """Returns a rental of which one line is taken back, and booked once more."""
    stream = courier_rental()
    line = [record for record in stream.records if record[0] == "line"][nth]
    stream.records.append(line)
    stream.change("line", 3, line=f"{line[4]}/reversed", amount_minor=-line[11], reverses=line[4])
    stream.records.append(line)
    return stream.change("line", 4, line=f"{line[4]}2")


def test_a_tariff_may_come_into_use_again() -> None:
    assert courier_rental().repeat("tariff").broken() == set()


@pytest.mark.parametrize("change", [{"price_minor": 401}, {"cap_per_24h_minor": None}, {"currency": "CHF"}])
def test_a_version_of_a_tariff_has_one_content(change: dict[str, object]) -> None:
    assert courier_rental().repeat("tariff").change("tariff", 1, **change).broken() == {"fees.tariff"}


def test_a_tariff_has_a_unit() -> None:
    assert courier_rental().change("tariff", unit_minutes=0).broken() == {"fees.tariff"}


@pytest.mark.parametrize("change", [{"tariff": "t-2"}, {"currency": "CHF"}])
def test_a_line_has_its_orders_tariff(change: dict[str, str]) -> None:
    assert courier_rental().change("line", OUT, **change).broken() == {"fees.tariff"}


def test_a_line_has_no_other_tariff_than_its_order() -> None:
    stream = courier_rental().repeat("tariff").change("tariff", 1, version="t-2")
    assert stream.change("line", OUT, tariff="t-2").broken() == {"fees.tariff"}


def test_a_line_is_of_an_order_that_was_placed() -> None:
    stream = courier_rental().repeat("line", OUT).change("line", OUT, order="ord-8c")
    assert stream.broken() == {"fees.tariff"}


@pytest.mark.parametrize("nth", [OUT, RENTAL, BACK])
@pytest.mark.parametrize("more_minor", [1, -1])
def test_an_amount_is_what_the_tariff_says(nth: int, more_minor: int) -> None:
    stream = courier_rental()
    amount_minor = [record[11] for record in stream.records if record[0] == "line"][nth]
    stream.change("line", nth, amount_minor=amount_minor + more_minor)
    assert stream.broken() == {"fees.amount", "fees.spans"}


def test_a_fee_is_one_of_the_three() -> None:
    assert courier_rental().change("line", OUT, fee="tip").broken() == {"fees.amount", "fees.spans"}


def test_a_line_without_a_usable_time_costs_nothing() -> None:
    stream = courier_rental().change("event", 4, quality="unset").change("line", OUT, quality="unset")
    assert stream.broken() == {"fees.amount", "fees.spans"}
    assert stream.change("line", OUT, amount_minor=0).broken() == set()


def test_a_courier_costs_no_more_than_promised() -> None:
    stream = courier_rental().change("line", BACK, amount_minor=651)
    assert stream.broken() == {"fees.amount", "fees.cap", "fees.spans"}


def test_no_line_is_negative_by_itself() -> None:
    stream = courier_rental().change("line", RENTAL, amount_minor=-800)
    assert stream.broken() == {"fees.amount", "fees.cap", "fees.owed", "fees.spans"}


@pytest.mark.parametrize(
    "change", [{"from_event": "ord-9b-e5"}, {"to_event": f"{ORDER}-e99"}, {"from_event": f"{ORDER}-e4"}]
)
def test_a_line_names_events_of_its_order_with_their_times(change: dict[str, str]) -> None:
    assert courier_rental().change("line", OUT, **change).broken() == {"fees.events"}


def test_a_line_is_as_good_as_its_events() -> None:
    assert courier_rental().change("line", OUT, quality="free").broken() == {"fees.events"}
    assert courier_rental().change("event", 4, quality="inferred").broken() == {"fees.events"}


def test_a_line_that_begins_with_an_ejection_after_its_hand_over_is_inferred() -> None:
    stream = courier_rental()
    told_ms = stream.records[0][1] + 7 * MINUTE_MS
    stream.change("event", 7, time_ms=told_ms).change("line", OUT, to_ms=told_ms, amount_minor=220)
    ejected_ms = next(
        record[8] for record in stream.records if record[4:6] == (f"{ORDER}-e6", "bank_ejected")
    )
    stream.change("line", RENTAL, from_event=f"{ORDER}-e6", from_ms=ejected_ms, quality="inferred")
    stream.change("move", 2, at_ms=ejected_ms)
    assert stream.broken() == set()
    assert stream.change("line", RENTAL, quality="synced").broken() == {"fees.events"}


# Reversals.


@pytest.mark.parametrize("nth", [OUT, RENTAL, BACK])
def test_a_line_may_be_taken_back_and_booked_again(nth: int) -> None:
    assert taken_back(nth).broken() == set()


def test_a_line_that_was_taken_back_is_not_standing() -> None:
    assert taken_back().drop("line", 4).broken() == {"fees.spans"}


def test_a_reversal_takes_back_the_whole_line() -> None:
    assert taken_back().change("line", 3, amount_minor=-799).broken() == {"fees.reversal"}
    assert taken_back().change("line", 3, of="bnk-2").broken() == {"fees.reversal"}


def test_a_reversal_takes_back_a_line_that_there_is() -> None:
    assert taken_back().change("line", 3, reverses=f"{ORDER}/rental/bnk-9/1").broken() == {
        "fees.reversal",
        "fees.spans",
    }


def test_a_line_is_taken_back_once() -> None:
    stream = taken_back().repeat("line", 3).change("line", 4, line="again")
    assert stream.broken() == {"fees.owed", "fees.reversal"}


def test_a_reversal_is_not_taken_back() -> None:
    stream = taken_back().repeat("line", 3)
    stream.change("line", 4, line="again", reverses=f"{ORDER}/rental/bnk-1/1/reversed", amount_minor=800)
    assert stream.broken() == {"fees.reversal"}


def test_a_line_is_written_once() -> None:
    assert courier_rental().repeat("line", OUT).broken() == {"fees.reversal"}


# What is due.


@pytest.mark.parametrize("nth", [OUT, RENTAL, BACK])
def test_no_line_is_missing(nth: int) -> None:
    assert courier_rental().drop("line", nth).broken() == {"fees.spans"}


def test_no_line_stands_twice() -> None:
    stream = courier_rental().repeat("line", RENTAL).change("line", RENTAL, line="again")
    assert stream.broken() == {"fees.spans"}


def test_a_span_that_moved_without_changing_its_price_keeps_its_line() -> None:
    stream = courier_rental().event(
        ORDER,
        "return_success",
        "settled",
        at_ms=courier_rental().now_ms - 30_000,
        job="job-7a-4",
        banks=["bnk-1"],
    )
    assert stream.broken() == set()


def test_a_span_that_changes_its_price_changes_its_line() -> None:
    stream = courier_rental().event(
        ORDER,
        "return_success",
        "settled",
        at_ms=courier_rental().now_ms - 5 * MINUTE_MS,
        job="job-7a-4",
        banks=["bnk-1"],
    )
    assert stream.broken() == {"fees.spans"}


def test_an_order_that_failed_is_charged_nothing() -> None:
    stream = Stream().tariff().order(ORDER, walk_up=True).event(ORDER, "placed", "nothing > reserving")
    stream.event(ORDER, "unlock_ordered", "reserving > unlocking")
    stream.ejected(ORDER, "unlocking").wait(60)
    stream.event(ORDER, "bank_returned", "unlocking", bank="bnk-1").event(
        ORDER, "failed", "unlocking > failed"
    )
    assert stream.broken() == set()
    assert stream.line(ORDER, "rental", "bnk-1", (3, 4), 400).broken() >= {"fees.spans"}


def test_an_order_that_gave_its_user_nothing_costs_nothing() -> None:
    stream = Stream().tariff().order(ORDER).event(ORDER, "placed", "nothing > reserving")
    stream.event(ORDER, "cancelled", "reserving > cancelled")
    assert stream.broken() == set()
    assert stream.line(ORDER, "courier_out", "job-7a-2", (1, 2), 200).broken() == {
        "fees.nothing",
        "fees.spans",
    }


def test_the_whole_walk_up_is_charged_right() -> None:
    assert walk_up_rental().broken() == set()
