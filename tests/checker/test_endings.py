"""Orders that operators end."""

from typing import Any

import pytest
from checker_stream import Stream, walk_up_rental

ORDER, OPERATOR, REASON = "ord-9b", "opr-1", "handed in"


def closed(*banks: str, then: str = "settled", operator: str = OPERATOR, state: str = "settled") -> Stream:
    """Returns a walk-up rental that an operator ends after an hour; the bank comes back later."""
    stream = walk_up_rental()
    del stream.records[[record[4] for record in stream.records].index(f"{ORDER}-e5") :]
    answer = {"order": ORDER, "state": state, "quantity": 1}
    stream.wish(OPERATOR, "end_order", ORDER, answer, reason=REASON)
    told: dict[str, Any] = {"operator": operator, "banks": list(banks), "reason": REASON}
    stream.event(ORDER, "rental_closed", "in_use", **told)
    if then == "settled":
        stream.event(ORDER, "settled", "in_use > settled", reason=f"{operator}: {REASON}")
    else:
        stream.event(ORDER, then, "in_use")
        stream.event(ORDER, "settled", "in_use > settled")
    stream.event(ORDER, "fees_booked", "settled")
    stream.event(ORDER, "bank_found", "settled", bank="bnk-1", cabinet="cab-1", slot=1)
    return stream.line(ORDER, "rental", "bnk-1", (3, 5), 400)


def test_a_rental_that_an_operator_ends_is_charged_until_then() -> None:
    assert closed("bnk-1").broken() == set()
    assert "fees.spans" in closed("bnk-1").change("line", amount_minor=0).broken()


def test_a_rental_is_ended_as_an_operator_asked() -> None:
    assert closed("bnk-1", operator="opr-2").broken() == {"endings.asked"}


def test_no_bank_stays_with_the_user_when_a_rental_is_closed() -> None:
    assert "endings.closed" in closed().broken()


def test_a_rental_that_is_closed_is_settled_at_once() -> None:
    assert closed("bnk-1", then="job_cancelled").broken() == set()
    assert closed("bnk-1", then="bank_ejected").broken() >= {"endings.closed"}
    stream = closed("bnk-1")
    del stream.records[[record[5:6] for record in stream.records].index(("settled",)) :]
    assert stream.broken() >= {"endings.closed"}


@pytest.mark.parametrize("state", ["in_use", "unlocking"])
def test_an_order_that_is_said_to_be_ended_is_ended(state: str) -> None:
    assert closed("bnk-1", state=state).broken() == {"endings.done"}


def test_an_order_that_is_recalled_ends_in_time() -> None:
    assert closed("bnk-1", state="recalling").broken() == set()


@pytest.mark.parametrize(("code", "broken"), [("wrong_state", {"endings.done"}), ("unknown_order", set())])
def test_operators_may_end_every_order_that_there_is(code: str, broken: set[str]) -> None:
    refused = {"code": code, "detail": "no"}
    assert walk_up_rental().wish(OPERATOR, "end_order", ORDER, refused, reason=REASON).broken() == broken


def cancelled(reason: str, state: str = "cancelled") -> Stream:
    stream = Stream().tariff().order(ORDER).event(ORDER, "placed", "nothing > reserving")
    stream.wish(OPERATOR, "cancel_order", ORDER, {"order": ORDER, "state": state}, reason="opr-1: a call")
    return stream.event(ORDER, "cancelled", "reserving > cancelled", reason=reason)


def test_an_order_is_cancelled_in_an_operators_name_only_as_that_one_asked() -> None:
    assert cancelled("opr-1: a call").broken() == set()
    assert cancelled("opr-1: a whim").broken() == {"endings.asked"}
    assert cancelled("changed my mind").broken() == set()
    assert cancelled("opr-1: a call", state="failed").broken() == {"endings.done"}
