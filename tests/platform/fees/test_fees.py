"""Fee lines: recomputable, only ever added, and the same whatever order the facts arrived in."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.platform.core import fees
from chargeloop.platform.core.fees import Estimate, FeeKind, FeeLine, Mark, Span
from chargeloop.platform.core.tariff import Tariff
from chargeloop.protocol.clock_map import Lean
from chargeloop.protocol.envelope import ClockState
from chargeloop.protocol.ids import OrderId
from chargeloop.protocol.time import HOUR_MS, MINUTE_MS
from tests.platform.fees.tariffs import NAKI, tariffs

ORDER = OrderId("ord-7a10")
START_MS = 1_795_435_200_000  # 2026-11-23T12:00:00Z


def mark(minute: int, quality: ClockState = ClockState.SYNCED) -> Mark:
    return Mark(f"{ORDER}-e{minute}", START_MS + minute * MINUTE_MS, quality)


OUT = Span(FeeKind.COURIER_OUT, "job-7a10-1", mark(0), mark(20))
RENTAL = Span(FeeKind.RENTAL, "bnk-000017", mark(20), mark(110))
BACK = Span(FeeKind.COURIER_BACK, "job-7a10-2", mark(110), mark(125))


def billed(*spans: Span) -> tuple[FeeLine, ...]:
    return fees.lines(ORDER, NAKI, (), spans)


def test_the_three_fees_of_claim_5_each_name_their_events_times_and_amount() -> None:
    lines = billed(OUT, RENTAL, BACK)
    assert [(line.fee, line.from_event, line.to_event, line.amount_minor) for line in lines] == [
        (FeeKind.COURIER_OUT, "ord-7a10-e0", "ord-7a10-e20", 400),
        (FeeKind.RENTAL, "ord-7a10-e20", "ord-7a10-e110", 300),
        (FeeKind.COURIER_BACK, "ord-7a10-e110", "ord-7a10-e125", 350),
    ]


def test_a_line_can_be_recomputed_from_what_it_names() -> None:
    (line,) = billed(RENTAL)
    assert line.amount_minor == fees.rental_amount(NAKI, line.to_ms - line.from_ms)
    assert (line.tariff, line.currency, line.bank, line.order) == (NAKI.version, "EUR", "bnk-000017", ORDER)


def test_each_bank_has_its_own_rental_line() -> None:
    banks = [replace(RENTAL, of=f"bnk-{number}") for number in range(3)]
    assert [line.bank for line in billed(*banks)] == ["bnk-0", "bnk-1", "bnk-2"]


def test_a_courier_line_names_no_bank() -> None:
    (line,) = billed(OUT)
    assert line.bank is None
    assert line.of == "job-7a10-1"


def test_an_order_without_finished_spans_costs_nothing() -> None:
    assert billed() == ()


def test_the_same_facts_again_add_nothing() -> None:
    booked = billed(OUT, RENTAL, BACK)
    assert fees.lines(ORDER, NAKI, booked, (BACK, OUT, RENTAL)) == ()


def test_a_late_event_takes_the_line_back_and_adds_a_new_one() -> None:
    booked = billed(OUT, RENTAL)
    put_back_earlier = replace(RENTAL, end=mark(50))
    reversal, corrected = fees.lines(ORDER, NAKI, booked, (OUT, put_back_earlier))
    assert (reversal.reverses, reversal.amount_minor) == (booked[1].id, -300)
    assert (corrected.reverses, corrected.amount_minor, corrected.to_event) == (None, 100, "ord-7a10-e50")
    assert fees.total_minor((*booked, reversal, corrected)) == 400 + 100


def test_the_same_fact_by_a_second_road_does_not_rewrite_the_bill() -> None:
    booked = billed(BACK)
    a_moment_earlier = replace(BACK.end, event="ord-7a10-e99", time_ms=BACK.end.time_ms - 1)
    assert fees.lines(ORDER, NAKI, booked, (replace(BACK, end=a_moment_earlier),)) == ()


def test_a_line_may_be_corrected_back_to_what_it_was() -> None:
    booked = billed(RENTAL)
    booked += fees.lines(ORDER, NAKI, booked, (replace(RENTAL, end=mark(50)),))
    booked += fees.lines(ORDER, NAKI, booked, (RENTAL,))
    assert [line.amount_minor for line in booked] == [300, -300, 100, -100, 300]
    assert len({line.id for line in booked}) == len(booked)
    assert fees.standing(booked) == (booked[-1],)


def test_a_span_that_turns_out_not_to_exist_is_taken_back() -> None:
    booked = billed(OUT, RENTAL)
    (reversal,) = fees.lines(ORDER, NAKI, booked, (OUT,))
    assert (reversal.reverses, reversal.amount_minor) == (booked[1].id, -300)
    assert fees.total_minor((*booked, reversal), FeeKind.RENTAL) == 0


def test_a_negative_duration_never_charges_and_is_marked() -> None:
    for span in (replace(OUT, start=mark(21)), replace(RENTAL, start=mark(111))):
        (line,) = billed(span)
        assert (line.amount_minor, line.quality) == (0, ClockState.INFERRED)


def test_an_end_without_any_usable_time_charges_nothing() -> None:
    (line,) = billed(replace(RENTAL, end=mark(110, ClockState.UNSET)))
    assert (line.amount_minor, line.quality) == (0, ClockState.UNSET)


@pytest.mark.parametrize(
    ("start", "end", "worse"),
    [
        (ClockState.SYNCED, ClockState.SYNCED, ClockState.SYNCED),
        (ClockState.SYNCED, ClockState.FREE, ClockState.FREE),
        (ClockState.INFERRED, ClockState.FREE, ClockState.INFERRED),
        (ClockState.INFERRED, ClockState.UNSET, ClockState.UNSET),
    ],
)
def test_a_line_is_as_good_as_the_worse_of_its_ends(
    start: ClockState, end: ClockState, worse: ClockState
) -> None:
    (line,) = billed(replace(RENTAL, start=mark(20, start), end=mark(110, end)))
    assert line.quality is worse


@pytest.mark.parametrize(
    ("event_type", "lean"),
    [
        ("first_indication", Lean.LATEST),  # only starts a charge
        ("bank_ejected", Lean.LATEST),
        ("bank_returned", Lean.EARLIEST),  # only ends one
        ("return_success", Lean.EARLIEST),
        ("rental_success", Lean.MIDDLE),  # ends the way out and starts the rental
        ("second_indication", Lean.MIDDLE),
        ("placed", Lean.MIDDLE),
    ],
)
def test_doubt_about_an_event_favours_the_customer(event_type: str, lean: Lean) -> None:
    assert fees.lean(event_type) is lean


spans = st.builds(
    Span,
    st.sampled_from(FeeKind),
    st.sampled_from(["one", "two", "three"]),
    st.builds(mark, st.integers(0, 10_000), st.sampled_from(ClockState)),
    st.builds(mark, st.integers(0, 10_000), st.sampled_from(ClockState)),
)
bills = st.lists(spans, max_size=6, unique_by=lambda span: (span.fee, span.of))


@given(tariffs, st.lists(bills, max_size=5), bills)
def test_what_stands_follows_from_what_is_known_and_not_from_how_it_became_known(
    tariff: Tariff, earlier: list[list[Span]], final: list[Span]
) -> None:
    booked: tuple[FeeLine, ...] = ()
    for known in [*earlier, final]:
        booked += fees.lines(ORDER, tariff, booked, known)
    direct = fees.lines(ORDER, tariff, (), final)
    assert {_charge(line) for line in fees.standing(booked)} == {_charge(line) for line in direct}
    assert fees.total_minor(booked) == fees.total_minor(direct)
    assert len({line.id for line in booked}) == len(booked)


@given(tariffs, bills, st.randoms(use_true_random=False))
def test_spans_that_arrive_one_by_one_in_any_order_bill_the_same(
    tariff: Tariff, final: list[Span], rng: random.Random
) -> None:
    arrivals = rng.sample(final, len(final))
    booked: tuple[FeeLine, ...] = ()
    for count in range(1, len(arrivals) + 1):
        booked += fees.lines(ORDER, tariff, booked, arrivals[:count])
    assert set(booked) == set(fees.lines(ORDER, tariff, (), final))


@given(tariffs, bills)
def test_every_line_is_its_tariffs_rule_applied_to_its_two_times(tariff: Tariff, known: list[Span]) -> None:
    for line in fees.lines(ORDER, tariff, (), known):
        rule = tariff.rental if line.fee is FeeKind.RENTAL else tariff.courier
        doubtful = line.to_ms < line.from_ms or line.quality is ClockState.UNSET
        assert line.amount_minor == (0 if doubtful else rule.amount_minor(line.to_ms - line.from_ms))


def _charge(line: FeeLine) -> tuple[FeeKind, str, int]:
    return line.fee, line.of, line.amount_minor


def test_a_quote_says_what_to_expect_and_what_it_can_be_at_most() -> None:
    quote = fees.quote(NAKI, 2, held_ms=3 * HOUR_MS, outward_ms=20 * MINUTE_MS, back_ms=10 * MINUTE_MS)
    assert quote.courier_out == Estimate(400, 650)
    assert quote.rental == Estimate(1200, 6000)
    assert quote.courier_back == Estimate(300, 650)
    assert quote.total == Estimate(1900, 7300)


def test_who_walks_pays_for_no_trip() -> None:
    quote = fees.quote(NAKI, 1, held_ms=HOUR_MS, outward_ms=None, back_ms=None)
    assert quote.total == quote.rental == Estimate(200, 3000)


def test_a_quote_without_a_total_cap_has_no_maximum() -> None:
    endless = replace(NAKI, rental=replace(NAKI.rental, total_cap_minor=None, buyout_after_minutes=None))
    assert fees.quote(endless, 1, held_ms=HOUR_MS, outward_ms=0, back_ms=0).total == Estimate(600, None)
