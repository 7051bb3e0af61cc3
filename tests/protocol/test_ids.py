"""Identifiers: one strict pattern, derived and not drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.protocol.ids import (
    MAX_ID_LENGTH,
    IdKind,
    InvalidIdError,
    derived_id,
    is_id,
    is_region,
    kind_of,
    not_a_region,
    require_id,
)

kinds = st.sampled_from(IdKind)


@pytest.mark.parametrize("text", ["cab-0001", "cab-a", "cab-harbour-2", "cab-" + "x" * (MAX_ID_LENGTH - 4)])
def test_good_ids_are_taken(text: str) -> None:
    assert is_id(IdKind.CABINET, text)
    assert require_id(IdKind.CABINET, text) == text
    assert kind_of(text) is IdKind.CABINET


@pytest.mark.parametrize(
    ("kind", "longest"),
    [(IdKind.BANK, 40), (IdKind.RESERVATION, 32), (IdKind.CABINET, 48), (IdKind.ORDER, 48)],
)
def test_an_id_has_at_most_so_many_characters(kind: IdKind, longest: int) -> None:
    text = f"{kind}-".ljust(longest, "x")
    assert is_id(kind, text)
    with pytest.raises(InvalidIdError, match=f"at most {longest} characters"):
        require_id(kind, text + "x")


@pytest.mark.parametrize(
    "text",
    [
        "", "cab", "cab-", "cab--1", "cab-1-", "-cab-1", "CAB-1", "cab-A", "cab_1", "cab-1 ", " cab-1",
        "cab-1\n", "cab-é", "cab-\u0661", "cab-1/2", "cab-+", "cab-#", "cab-..", "cab-1\x00", "bnk-1",
        "cab-" + "x" * (MAX_ID_LENGTH - 3),
    ],
)  # fmt: skip
def test_bad_ids_are_refused_with_the_pattern(text: str) -> None:
    assert not is_id(IdKind.CABINET, text)
    with pytest.raises(InvalidIdError, match="expected cab-…"):
        require_id(IdKind.CABINET, text)


def test_capitals_alone_are_told_with_the_id_in_lower_case() -> None:
    with pytest.raises(InvalidIdError, match=r"for instance cab-0001; ids are lower case: cab-0100$"):
        require_id(IdKind.CABINET, "Cab-0100")
    for text in ("Cab_0100", "Bnk-0100", "cab-0100x-"):
        with pytest.raises(InvalidIdError, match=r"for instance cab-0001$"):
            require_id(IdKind.CABINET, text)


@given(st.text())
def test_an_id_never_holds_what_topics_paths_and_urls_give_a_meaning(text: str) -> None:
    for kind in IdKind:
        if is_id(kind, text):
            assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
            assert kind_of(text) is kind


def test_text_of_no_kind_has_none() -> None:
    assert kind_of("xyz-1") is None
    assert kind_of("cab-Ä") is None


@given(kinds, st.lists(st.text(), min_size=1, max_size=4))
def test_a_derived_id_is_good_and_always_the_same(kind: IdKind, parts: list[str]) -> None:
    assert is_id(kind, derived_id(kind, *parts))
    assert derived_id(kind, *parts) == derived_id(kind, *parts)


@given(
    kinds,
    *[st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x1f")), min_size=1, max_size=3)] * 2,
)
def test_other_parts_make_another_id(kind: IdKind, one: list[str], other: list[str]) -> None:
    assert (derived_id(kind, *one) == derived_id(kind, *other)) == (one == other)


@pytest.mark.parametrize("text", ["demo", "a", "north-2", "x" * 32])
def test_good_regions_are_taken(text: str) -> None:
    assert is_region(text)


@pytest.mark.parametrize("text", ["", "2north", "North", "no/rth", "+", "x" * 33, "demo\n", "dé"])
def test_bad_regions_are_refused(text: str) -> None:
    assert not is_region(text)


def test_what_is_no_region_is_told_that_a_letter_comes_first() -> None:
    told = not_a_region("7hills")
    assert told.startswith(
        "'7hills' is not a region: expected a letter a-z, then a-z, 0-9 and dashes, at most 32"
    )
    assert is_region(told.rpartition(" ")[2])
