"""A waiver takes back the line that an operator named, once and for good."""

from typing import Any

from checker_stream import Stream, walk_up_rental

ORDER, OPERATOR, LINE = "ord-9b", "opr-1", "ord-9b/rental/bnk-1/1"


def waived(stream: Stream, line: str = LINE, *, taken_back: bool = True, **changes: str) -> Stream:
    """Returns the stream in which an operator waives a line as asked; `changes` are to the journal."""
    stream.wish(OPERATOR, "waive_fee", ORDER, line=line, reason="a fault")
    told: dict[str, Any] = {
        "line": line,
        "fee": "rental",
        "of": "bnk-1",
        "operator": OPERATOR,
        "reason": "a fault",
        **changes,
    }
    stream.event(ORDER, "fee_waived", "settled", **told).event(ORDER, "fees_booked", "settled")
    return reversed_line(stream) if taken_back else stream


def reversed_line(stream: Stream) -> Stream:
    """Books the reversal of the first line."""
    line = next(record for record in stream.records if record[0] == "line")
    return stream.tell("line", line[3], f"{line[4]}/reversed", *line[5:11], -line[11], *line[12:15], line[4])


def test_a_line_is_waived() -> None:
    assert waived(walk_up_rental()).broken() == set()


def test_a_waiver_is_asked_for() -> None:
    assert waived(walk_up_rental(), reason="a whim").broken() == {"waivers.asked"}
    assert waived(walk_up_rental(), operator="opr-2").broken() == {"waivers.asked"}


def test_a_waiver_takes_its_line_back() -> None:
    assert waived(walk_up_rental(), taken_back=False).broken() == {
        "fees.spans", "waivers.amount", "waivers.kept",
    }  # fmt: skip


def test_a_waiver_takes_nothing_else_back() -> None:
    stream = waived(walk_up_rental()).repeat("line", 1).change("line", 2, line=f"{LINE}/again")
    assert {"waivers.amount", "fees.owed"} <= stream.broken()


def test_a_fee_is_waived_once() -> None:
    assert waived(waived(walk_up_rental()), taken_back=False).broken() == {"waivers.amount", "waivers.once"}


def test_a_line_that_does_not_stand_is_not_waived() -> None:
    stream = waived(walk_up_rental(), f"{ORDER}/rental/bnk-1/2")
    assert stream.broken() == {"waivers.amount", "waivers.kept", "waivers.once"}


def test_a_waiver_names_what_its_line_charges() -> None:
    assert "waivers.once" in waived(walk_up_rental(), of="bnk-2").broken()


def test_what_was_waived_is_not_charged_again() -> None:
    stream = waived(walk_up_rental()).event(ORDER, "fees_booked", "settled")
    line = next(record for record in stream.records if record[0] == "line")
    again = stream.tell("line", ORDER, f"{ORDER}/rental/bnk-1/2", *line[5:])
    assert again.broken() == {"fees.spans", "waivers.amount", "waivers.kept"}


def test_what_was_confirmed_to_be_waived_is_not_owed() -> None:
    stream = walk_up_rental().wish(OPERATOR, "waive_fee", ORDER, line=LINE, reason="a fault")
    assert stream.broken() == {"waivers.kept"}


def test_a_waiver_that_was_refused_changes_nothing() -> None:
    refused = {"code": "wrong_state", "detail": "corrected"}
    assert (
        walk_up_rental().wish(OPERATOR, "waive_fee", ORDER, refused, line=LINE, reason="?").broken() == set()
    )


def test_a_waiver_makes_no_fee_right() -> None:
    stream = waived(walk_up_rental()).change("move", 2, at_ms=walk_up_rental().records[0][1] + 60_000)
    assert stream.broken() == {"truth.held"}
