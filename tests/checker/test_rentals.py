"""Charged rentals against each other."""

from checker_stream import Stream, walk_up_rental

BANK, SLOT = "bnk-1", "slot/cab-1/1"


def rented_again(minutes_later: float) -> Stream:
    """Returns two rentals of one bank; the second is said to have begun so long after the first's end."""
    stream = walk_up_rental()
    began_ms = stream.now_ms + round(minutes_later * 60_000)
    stream.wait(30).move(BANK, SLOT, "tray/cab-1", "vandal").move(BANK, "tray/cab-1", "user/usr-2", "hand")
    stream.order("ord-8c", walk_up=True).event("ord-8c", "placed", "nothing > reserving")
    stream.event("ord-8c", "unlock_ordered", "reserving > unlocking")
    stream.ejected("ord-8c", "unlocking", at_ms=began_ms)
    stream.event("ord-8c", "unlocked", "unlocking > in_use").wait(60)
    stream.move(BANK, "user/usr-2", SLOT, "hand").event("ord-8c", "bank_returned", "in_use", bank=BANK)
    stream.event("ord-8c", "settled", "in_use > settled")
    return stream.line("ord-8c", "rental", BANK, (3, 5), 400 if minutes_later == 30 else 800)


def overlaps(stream: Stream) -> bool:
    """Tells whether the rentals are found to overlap."""
    broken = stream.broken() - {"truth.hidden"}
    assert broken <= {"rentals.overlap"}
    return broken == {"rentals.overlap"}


def test_a_rental_may_begin_when_the_other_ends() -> None:
    assert not overlaps(rented_again(0))
    assert not overlaps(rented_again(30))


def test_two_rentals_of_one_bank_do_not_overlap() -> None:
    assert overlaps(rented_again(-0.001))


def test_a_time_that_was_not_measured_proves_no_overlap() -> None:
    stream = rented_again(-5).change("line", 1, quality="inferred")
    index = next(i for i, record in enumerate(stream.records) if record[4] == "ord-8c-e3")
    record = stream.records[index]
    stream.records[index] = (*record[:10], "inferred", record[11])
    assert not overlaps(stream)
