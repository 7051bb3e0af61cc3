"""What names tell."""

import pytest
from chargeloop_checker import names


@pytest.mark.parametrize("derived", ["rsv-7a10-1", "cmd-7a10-12", "job-7a10-3"])
def test_a_derived_id_names_its_order(derived: str) -> None:
    assert names.order_of(derived) == "ord-7a10"


def test_a_command_that_no_order_sent_names_no_order() -> None:
    assert names.order_of("cmd-0a1b2c") == "ord-"


@pytest.mark.parametrize("source", ["cab-1", "cabinet/cab-1", "courier/cou-2"])
def test_devices_are_known_by_their_prefix(source: str) -> None:
    assert names.is_device(source)


@pytest.mark.parametrize("source", ["rental/rnt-1", "dsp-1", "usr-1"])
def test_all_others_are_no_devices(source: str) -> None:
    assert not names.is_device(source)


@pytest.mark.parametrize(
    ("service", "device", "answers"),
    [
        ("rnt-1", "cab-1", True),
        ("dsp-1", "cab-1", False),
        ("rnt-1", "cou-1", False),
        ("dsp-1", "courier/cou-1", True),
        ("rental", "cab-1", True),
    ],
)
def test_each_service_answers_for_its_own_devices(service: str, device: str, answers: bool) -> None:  # noqa: FBT001 - a case
    assert names.answers_for(service, device) is answers
