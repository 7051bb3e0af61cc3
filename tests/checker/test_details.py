"""Details are read member by member."""

from collections.abc import Callable

import pytest
from chargeloop_checker.details import Detail, DetailError

TEXT = (
    '{"bank":"bnk-1","slot":2,"flag":true,"leg":{"job":"job-1"},"banks":["bnk-1"],"mixed":["bnk-1",2],'
    '"none":null}'
)


def test_a_member_is_given_as_what_it_is() -> None:
    detail = Detail.of(TEXT)
    assert (detail.text("bank"), detail.integer("slot")) == ("bnk-1", 2)
    assert detail.texts("banks") == ("bnk-1",)
    assert detail.part("leg").text("job") == "job-1"
    assert (detail.has("bank"), detail.has("none"), detail.has("nothing")) == (True, False, False)
    assert (detail.text_or_none("bank"), detail.text_or_none("none")) == ("bnk-1", None)


@pytest.mark.parametrize(
    ("read", "names"),
    [
        (Detail.text, ("slot", "leg", "none", "nothing")),
        (Detail.text_or_none, ("slot", "banks")),
        (Detail.texts, ("bank", "mixed", "none", "nothing")),
        (Detail.integer, ("bank", "flag", "nothing")),
        (Detail.part, ("bank", "banks", "nothing")),
    ],
)
def test_a_member_of_another_type_is_refused(
    read: Callable[[Detail, str], object], names: tuple[str, ...]
) -> None:
    for name in names:
        with pytest.raises(DetailError, match=name):
            read(Detail.of(TEXT), name)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", "[" * 100_000, "9" * 5_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(DetailError):
        Detail.of(text)
