"""A changed copy is what `dataclasses.replace` makes."""

import dataclasses
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from chargeloop.protocol.values import replace


@dataclass(frozen=True, slots=True)
class Slotted:
    number: int
    text: str = "text"
    parts: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Extended(Slotted):
    more: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    number: int
    twice: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("negative")
        object.__setattr__(self, "twice", 2 * self.number)


@dataclass(frozen=True)
class Plain:
    number: int
    text: str = "text"


@pytest.mark.parametrize("value", [Slotted(1), Extended(1, more=2), Checked(1), Plain(1)])
def test_a_copy_has_what_was_changed_and_everything_else(value: Slotted | Checked | Plain) -> None:
    assert replace(value, number=7) == dataclasses.replace(value, number=7)
    assert repr(replace(value, number=7)) == repr(dataclasses.replace(value, number=7))
    assert value.number == 1


def test_a_copy_cannot_be_changed_either() -> None:
    copy = replace(Slotted(1), text="other")
    with pytest.raises(FrozenInstanceError):
        copy.number = 2  # type: ignore[misc]


@pytest.mark.parametrize("value", [Slotted(1), Extended(1), Plain(1)])
def test_a_field_that_is_not_there_is_an_error(value: Slotted | Plain) -> None:
    with pytest.raises(TypeError, match="colour"):
        replace(value, colour="red")  # type: ignore[call-arg]


def test_a_class_that_checks_its_values_checks_those_of_a_copy() -> None:
    with pytest.raises(ValueError, match="negative"):
        replace(Checked(1), number=-1)
