"""What people write by hand into files, and the one line that they are told of what is wrong."""

from pathlib import Path
from typing import Self

import pytest
from pydantic import TypeAdapter, ValidationError, model_validator

from chargeloop.protocol.handwritten import E7, Entry, NotUsableError, entries_of, first_fault, unreadable


class Lamp(Entry):
    place: E7
    watts: int = 5

    @model_validator(mode="after")
    def _shines(self) -> Self:
        if self.watts == 0:
            raise ValueError("a lamp takes some watts")
        return self


class Street(Entry):
    lamps: tuple[Lamp, ...]


LAMPS = TypeAdapter(tuple[Lamp, ...])


def test_a_list_of_entries_is_read() -> None:
    assert entries_of(b'[{"place": 434520000, "watts": 7}]', LAMPS, "lamps") == (
        Lamp(place=434_520_000, watts=7),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# lamps", "no JSON at line 1, column 1: Expecting value"),
        (b'[{"place": 1},\n 2 3]', "no JSON at line 2, column 4: "),
        (b"[]\xff", "no UTF-8 text at byte 2"),
        (b"{}", "expected a list of lamps"),
        (b'[{"place": 1}, {"place": 2, "wats": 3}]', r"\[1\]: unknown key 'wats'; did you mean 'watts'\?"),
        (b'[{"place": 1, "colour": 3}]', r"\[0\]: unknown key 'colour'; known: place, watts$"),
        (b'[{"wats": 3}]', r"\[0\]: unknown key 'wats'"),
        (b'[{"place": 43.45}]', r"\[0\]\.place: expected degrees times ten million, a whole number"),
        (b'[{"place": 1e999}]', r"\[0\]\.place: expected degrees"),
        (b'[{"place": 1, "watts": 0}]', r"\[0\]: a lamp takes some watts$"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(content: bytes, said: str) -> None:
    with pytest.raises(NotUsableError, match=f"^{said}"):
        entries_of(content, LAMPS, "lamps")


def test_the_place_of_a_fault_leads_through_names_and_numbers() -> None:
    with pytest.raises(ValidationError) as refused:
        Street.model_validate({"lamps": [{"place": 1}, {"place": 2, "watts": "many"}]})
    assert first_fault(refused.value).startswith("lamps[1].watts: ")


def test_why_a_file_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    told = []
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(OSError) as refused:  # noqa: PT011 - which one it is, is what is asked
            path.read_bytes()
        told.append(unreadable(refused.value))
    assert told == ["no such file", "is a directory"]
    assert unreadable(PermissionError(13, "Permission denied")) == "permission denied"
