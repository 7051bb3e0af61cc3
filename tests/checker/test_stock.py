"""What the platform believes of slots when everything rests."""

import pytest
from checker_stream import Stream


def believed(state: str, bank: str | None, *, jammed: bool = False) -> set[str]:
    """Returns what is broken when bnk-1 stands in slot 1, which the platform believes to be so."""
    stream = Stream().tell("bank", "bnk-1", "slot/cab-1/1")
    if jammed:
        stream.tell("fault", "jam", "cab-1")
    return stream.tell("slot", "cab-1", 1, state, bank).broken()


def test_slots_are_as_they_are_believed_to_be() -> None:
    assert believed("ready", "bnk-1") == believed("charging", "bnk-1") == set()
    assert Stream().tell("slot", "cab-1", 1, "empty", None).broken() == set()


@pytest.mark.parametrize("bank", ["bnk-2", None])
def test_the_platform_knows_which_bank_stands_in_a_slot(bank: str | None) -> None:
    assert believed("ready", bank) == {"stock.banks"}


def test_a_bank_that_is_gone_is_believed_in_by_nobody() -> None:
    stream = Stream().tell("bank", "bnk-1", "slot/cab-1/1")
    stream.move("bnk-1", "slot/cab-1/1", "outside", "vandal")
    assert stream.tell("slot", "cab-1", 1, "ready", "bnk-1").broken() == {"stock.banks"}


@pytest.mark.parametrize("state", ["reserved", "ejecting", "faulty", "locked"])
def test_every_slot_works_in_the_end(state: str) -> None:
    assert believed(state, "bnk-1") == {"stock.works"}


def test_a_slot_may_be_faulty_where_one_jammed() -> None:
    assert believed("faulty", "bnk-1", jammed=True) == set()
    assert believed("locked", "bnk-1", jammed=True) == {"stock.works"}
