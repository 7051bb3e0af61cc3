"""The checks find what was planted, and find nothing in a world that is right."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.cli import checks
from chargeloop.cli.books import Held, OrderRow
from chargeloop.cli.truth import Truth
from chargeloop.platform.core.tariff import CourierRule, RentalRule
from chargeloop.protocol.time import DAY_MS, MINUTE_MS

RENTAL = {
    "free_minutes": 5, "unit_minutes": 30, "price_minor": 100, "cap_per_24h_minor": 600,
    "total_cap_minor": 3000, "buyout_after_minutes": None,
}  # fmt: skip
COURIER = {"base_minor": 200, "per_minute_minor": 10, "promised_minutes": 45}


def records(**line: Any) -> list[dict[str, Any]]:
    """One settled order with one rental line of half an hour, changed as a test wants."""
    good = {
        "record": "fee_line", "id": "l1", "order": "ord-1", "fee": "rental",
        "from_event": "e1", "to_event": "e2",
        "from_time": "2026-06-01T08:00:00.000Z", "to_time": "2026-06-01T08:30:00.000Z", "amount_minor": 100,
        "tariff": "t1", "reverses": None,
    }  # fmt: skip
    return [
        {"record": "tariff", "id": "t1", "currency": "EUR", "rental": RENTAL, "courier": COURIER},
        {"record": "order", "id": "ord-1", "tariff": "t1", "state": "settled"},
        {
            "record": "event",
            "id": "e1",
            "order": "ord-1",
            "type": "rental_success",
            "time": good["from_time"],
        },
        {"record": "event", "id": "e2", "order": "ord-1", "type": "bank_returned", "time": good["to_time"]},
        good | line,
    ]


def test_a_right_line_is_no_violation() -> None:
    assert list(checks.fees_recomputed(records())) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount_minor": 101}, "charges 101, computed again it is 100"),
        ({"fee": "courier_out"}, "charges 100, computed again it is 500"),
        ({"from_event": "e9"}, "names e9, which is not in the order's journal at that time"),
        (
            {"to_time": "2026-06-01T08:29:59.999Z"},
            "names e2, which is not in the order's journal at that time",
        ),
    ],
)
def test_a_wrong_line_is_told(changed: Mapping[str, Any], said: str) -> None:
    found = list(checks.fees_recomputed(records(**changed)))
    assert any(said in sentence for sentence in found)


@pytest.mark.parametrize("fee", ["rental", "courier_back"])
def test_a_line_whose_ends_contradict_each_other_is_right_when_it_charges_nothing(fee: str) -> None:
    turned = {"from_event": "e2", "to_event": "e1"}
    told = records(fee=fee, amount_minor=0, **turned)
    told[-1] |= {"from_time": told[-2]["time"], "to_time": told[-3]["time"]}
    assert list(checks.fees_recomputed(told)) == []


def test_a_line_of_another_tariff_than_the_order_s_is_told() -> None:
    changed = [r | {"tariff": "t0"} if r["record"] == "order" else r for r in records()]
    assert ["has the tariff t1, which is not the order's" in s for s in checks.fees_recomputed(changed)] == [
        True
    ]


def test_a_reversal_takes_back_exactly_what_was_charged() -> None:
    line = records()[-1]
    right = {**line, "id": "l2", "reverses": "l1", "amount_minor": -100}
    assert list(checks.fees_recomputed([*records(), right])) == []
    wrong = {**right, "amount_minor": -90}
    assert any("computed again it is -100" in s for s in checks.fees_recomputed([*records(), wrong]))


def test_an_order_that_got_no_bank_and_pays_is_told() -> None:
    changed = [
        r | {"type": "first_indication"} if r.get("type") == "rental_success" else r for r in records()
    ]
    assert list(checks.fees_recomputed(changed)) == ["order ord-1 got no bank and is charged 100"]


@given(st.integers(0, 40 * DAY_MS))
def test_the_checks_own_arithmetic_agrees_with_the_product_s(held_ms: int) -> None:
    assert checks.rental_minor(RENTAL, held_ms) == RentalRule(**RENTAL).amount_minor(held_ms)  # type: ignore[arg-type]
    assert checks.courier_minor(COURIER, held_ms) == CourierRule(**COURIER).amount_minor(held_ms)


def test_the_charges_of_the_field_come_out() -> None:
    rule = RENTAL | {
        "unit_minutes": 60,
        "price_minor": 400,
        "cap_per_24h_minor": 4000,
        "total_cap_minor": 9900,
    }
    seconds = {
        300: 0,
        301: 400,
        3600: 400,
        3601: 800,
        28_800: 3200,
        86_400: 4000,
        86_401: 4400,
        288_000: 9900,
    }
    assert {s: checks.rental_minor(rule, s * 1000) for s in seconds} == seconds


@pytest.mark.parametrize(
    ("places", "sold", "said"),
    [
        ({"bnk-1": ("cab-1",)}, frozenset(), []),
        ({}, frozenset({"bnk-1"}), []),
        ({"bnk-1": ("usr-1",)}, frozenset({"bnk-1"}), []),
        ({}, frozenset(), ["bank bnk-1 is nowhere"]),
        ({"bnk-1": ("cab-1", "cou-2")}, frozenset(), ["bank bnk-1 is in 2 places: cab-1, cou-2"]),
        ({"bnk-1": ("cab-1", "cab-1")}, frozenset(), ["bank bnk-1 is in 2 places: cab-1, cab-1"]),
        ({"bnk-1": ("usr-1",)}, frozenset(), ["bank bnk-1 is still in the hands of usr-1"]),
        (
            {"bnk-1": ("cab-1",), "bnk-9": ("cab-2",)},
            frozenset(),
            ["bank bnk-9 in cab-2 is none of the scenario's"],
        ),
    ],
)
def test_banks_are_conserved(
    places: Mapping[str, tuple[str, ...]], sold: frozenset[str], said: list[str]
) -> None:
    assert list(checks.bank_conservation(["bnk-1"], Truth(places), sold)) == said


@pytest.mark.parametrize(
    ("sold", "said"),
    [
        (frozenset(), ["bank bnk-1 lies in the tray of cab-1, where nobody has taken it"]),
        (frozenset({"bnk-1"}), []),
    ],
)
def test_a_bank_that_was_left_in_a_tray_is_told_unless_somebody_has_paid_for_it(
    sold: frozenset[str], said: list[str]
) -> None:
    truth = Truth({"bnk-1": ("cab-1",), "bnk-2": ("cab-1",)}, in_trays=frozenset({"bnk-1"}))
    assert list(checks.bank_conservation(["bnk-1", "bnk-2"], truth, sold)) == said


def test_open_orders_and_idle_reservations_are_told() -> None:
    rows = [
        OrderRow("ord-1", "usr-1", "settled", 1, 0, 0),
        OrderRow("ord-2", "usr-2", "in_use", 1, 0, 0),
    ]
    assert list(checks.orders_ended(rows)) == ["order ord-2 of usr-2 is still open: in_use"]
    idle = list(checks.reservation_release(["rsv-1"]))
    assert idle == ["reservation rsv-1 is still held, but its order has ended"]


def test_a_bank_rented_twice_at_once_is_told_and_one_after_the_other_is_not() -> None:
    first = Held("ord-1", "bnk-1", 0, 30 * MINUTE_MS)
    after = Held("ord-2", "bnk-1", 30 * MINUTE_MS, 60 * MINUTE_MS)
    within = Held("ord-3", "bnk-1", 29 * MINUTE_MS, 60 * MINUTE_MS)
    other = Held("ord-4", "bnk-2", 0, 60 * MINUTE_MS)
    assert list(checks.one_rental_at_a_time([first, after, other])) == []
    told = ["bank bnk-1 was rented by ord-1 and ord-3 at the same time"]
    assert list(checks.one_rental_at_a_time([first, within, other])) == told
