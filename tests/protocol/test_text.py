"""Free text: what people may say, and how what does not fit is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chargeloop.protocol import fields
from chargeloop.protocol.text import MAX_TEXT_BYTES, fitting

REASON: TypeAdapter[str] = TypeAdapter(fields.Reason)
# Lone surrogates are no text: the codec refuses them before.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@pytest.mark.parametrize("text", ["a", '“no” \\ "yes"', "谢" * 200, "Ω" * 200, '"' * 200, "\U0001f600" * 150])
def test_what_people_write_is_taken_and_fits_into_json(text: str) -> None:
    assert REASON.validate_python(text) == text
    assert len(REASON.dump_json(text)) <= MAX_TEXT_BYTES + 2
    assert fitting(text) == text


@pytest.mark.parametrize(
    "text", ["", "x" * 201, "\x01" * 200, "a\nb", "a\x7f", "a\x85", "a\n", "\U0001f600" * 151]
)
def test_control_characters_and_what_is_too_long_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        REASON.validate_python(text)


@given(texts)
def test_a_text_that_was_made_to_fit_is_taken_and_one_that_fitted_stays(text: str) -> None:
    made = fitting(text)
    assert REASON.validate_python(made) == made
    assert fitting(made) == made
    assert len(REASON.dump_json(made)) <= MAX_TEXT_BYTES + 2


def test_what_is_cut_shows_that_it_was_cut() -> None:
    assert fitting("x" * 201) == "x" * 199 + "…"
    assert fitting("one\r\ntwo\x00") == "one two "


def test_what_a_service_says_is_cut_where_it_is_said_and_refused_on_the_wire() -> None:
    said: TypeAdapter[str] = TypeAdapter(fields.Said)
    assert said.validate_python("opr-a: " + "x" * 200) == "opr-a: " + "x" * 192 + "…"
    with pytest.raises(ValidationError):
        said.validate_json('"' + "x" * 201 + '"')
