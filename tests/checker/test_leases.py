"""What is lent is given back."""

import pytest
from checker_stream import NOON_MS, Stream, courier_rental

ORDER, RESERVE, RELEASE = "ord-7a", "cmd-7a-1", "cmd-7a-2"


def sent() -> Stream:
    """Returns a stream in which cab-1 was told to keep banks and then to let them go."""
    stream = Stream().command(RESERVE, "reserve_banks", "rsv-7a-1", 4)
    return stream.command(RELEASE, "release_reservation", "rsv-7a-1", 5)


def told(stream: Stream, command: str, epoch: int, outcome: str, *, decided_ms: int = NOON_MS) -> Stream:
    return stream.tell("outcome", "cab-1", command, epoch, outcome, None, decided_ms)


@pytest.mark.parametrize(("decided_ms", "broken"), [(14_999, set()), (15_000, {"commands.late"})])
def test_a_command_is_obeyed_before_its_expiry_however_late_that_is_told(
    decided_ms: int, broken: set[str]
) -> None:
    assert told(sent().wait(90), RESERVE, 4, "done", decided_ms=NOON_MS + decided_ms).broken() == broken


def test_a_command_that_is_over_may_be_refused() -> None:
    assert told(sent().wait(90), RESERVE, 4, "expired", decided_ms=NOON_MS + 90_000).broken() == set()


def test_an_older_command_is_not_obeyed_after_a_later_one() -> None:
    stream = told(sent(), RELEASE, 5, "done")
    assert told(stream, RESERVE, 4, "done").broken() == {"commands.older"}


def test_an_older_command_may_be_refused_and_the_later_one_be_told_again() -> None:
    stream = told(sent(), RELEASE, 5, "done")
    assert told(told(stream, RESERVE, 4, "refused"), RELEASE, 5, "done").broken() == set()


def begun(quantity: int = 1) -> Stream:
    """Returns a stream with an order that has asked a cabinet to keep something."""
    stream = Stream().tariff().order(ORDER).event(ORDER, "placed", "nothing > reserving")
    hold = {"reservation": "rsv-7a-1", "cabinet": "cab-1", "kind": "banks", "quantity": quantity}
    stream.event(ORDER, "reservation_asked", "reserving", hold=hold)
    return stream.command(RESERVE, "reserve_banks", "rsv-7a-1", 4)


def ended(stream: Stream) -> set[str]:
    return stream.event(ORDER, "failed", "reserving > failed").broken()


def test_an_order_ends_only_when_its_reservations_are_given_back() -> None:
    assert ended(begun()) == {"holds.released"}


@pytest.mark.parametrize("kind", ["reservation_refused", "reservation_ended", "release_asked"])
def test_a_reservation_is_given_back_by_either_side(kind: str) -> None:
    assert ended(begun().event(ORDER, kind, "reserving", reservation="rsv-7a-1")) == set()
    assert ended(begun().event(ORDER, kind, "reserving", reservation="rsv-7a-9")) == {"holds.released"}


def test_kept_slots_are_given_back_when_all_are_filled() -> None:
    stream = begun(quantity=2)
    for bank in ("bnk-1", "bnk-2"):
        assert ended_copy(stream) == {"holds.released"}
        stream.event(ORDER, "bank_returned", "reserving", bank=bank, reservation="rsv-7a-1")
    assert ended(stream) == set()


def ended_copy(stream: Stream) -> set[str]:
    copy = Stream()
    copy.records, copy.now_ms = list(stream.records), stream.now_ms
    return ended(copy)


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("reservation_asked", '{"hold":{"reservation":"rsv-1","quantity":"2"}}'),
        ("reservation_asked", '{"hold":{"reservation":["rsv-1"],"quantity":2}}'),
        ("reservation_ended", "[]"),
        ("release_asked", '{"reservation":{}}'),
        ("release_asked", "{"),
        ("reservation_refused", '{"reservation":null}'),
        ("bank_returned", '{"bank":"bnk-1","reservation":["rsv-7a-1"]}'),
        ("rental_requested", '{"leg":"outward"}'),
        ("job_ended", "[" * 100_000),
    ],
)
def test_a_detail_that_cannot_be_read_is_told_of_and_gives_nothing_back(kind: str, detail: str) -> None:
    stream = begun().event(ORDER, kind, "reserving").change("event", -1, detail=detail)
    assert {"record", "holds.released"} <= ended(stream)


def test_an_order_that_was_called_off_waits_for_its_courier() -> None:
    stream = begun().event(ORDER, "reservation_ended", "reserving", reservation="rsv-7a-1")
    leg = {"job": "job-7a-2", "kind": "outward"}
    stream.event(ORDER, "rental_requested", "reserving > dispatching", leg=leg)
    stream.event(ORDER, "called_off", "dispatching > recalling")
    copy = Stream()
    copy.records, copy.now_ms = list(stream.records), stream.now_ms
    assert copy.event(ORDER, "cancelled", "recalling > cancelled").broken() == {"orders.recall"}
    stream.event(ORDER, "job_ended", "recalling", job="job-7a-2", astray=[])
    assert stream.event(ORDER, "cancelled", "recalling > cancelled").broken() == set()


def test_a_whole_rental_gives_everything_back() -> None:
    assert courier_rental().broken() == set()
