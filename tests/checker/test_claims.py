"""Who disputes rightly pays for no longer than the bank was out, whatever clocks and sensors said."""

import pytest
from checker_stream import Stream, walk_up_rental

ORDER, USER, OPERATOR, TEXT = "ord-9b", "usr-1", "opr-1", "it is back"


def disputed(
    back_min: float, said_min: float, *, quality: str = "free", bank: str | None = "bnk-1"
) -> set[str]:
    """Returns what is broken when the bank, charged for an hour, was back so soon and is disputed so late."""
    stream = walk_up_rental().change("event", 4, quality=quality).change("line", quality=quality)
    start_ms = stream.records[0][1]
    stream.change("move", 2, at_ms=start_ms + round(back_min * 60_000))
    stream.wish(USER, "open_dispute", ORDER, bank=bank, text=TEXT)
    stream.event(
        ORDER, "dispute_opened", "settled", at_ms=start_ms + round(said_min * 60_000), bank=bank, text=TEXT
    )
    stream.wish(OPERATOR, "answer_dispute", ORDER, dispute=f"{ORDER}-e8", text="no")
    return _answered(stream).broken()


def _answered(stream: Stream) -> Stream:
    return stream.event(
        ORDER, "dispute_answered", "settled", dispute=f"{ORDER}-e8", operator=OPERATOR, text="no"
    )


def test_a_charge_until_the_return_is_right() -> None:
    assert disputed(60, 60) == set()


def test_a_charge_beyond_the_return_is_not_whatever_its_times_are_worth() -> None:
    assert disputed(4, 50) == {"truth.disputed"}


@pytest.mark.parametrize("back_min", [5.5, 30])
def test_a_unit_that_had_begun_is_charged(back_min: float) -> None:
    assert disputed(back_min, 50) == set()


def test_who_still_had_the_bank_was_wrong() -> None:
    assert disputed(4, 3) == set()


def test_a_dispute_about_no_bank_names_no_truth() -> None:
    assert disputed(4, 50, bank=None) == set()
