"""What services believe of connections."""

from itertools import starmap

import pytest
from checker_stream import DISPATCH, RENTAL, Stream


def believed(device: str, *beliefs: tuple[int, bool]) -> set[str]:
    """Returns what is broken when a service believes this, one after the other."""
    service = RENTAL if device.startswith("cab") else DISPATCH
    stream = Stream()
    list(starmap(lambda epoch, online: stream.tell("presence", service, device, epoch, online), beliefs))
    return stream.broken()


@pytest.mark.parametrize("device", ["cab-1", "cou-1"])
def test_connections_come_and_go(device: str) -> None:
    assert believed(device, (1, True), (1, False), (2, True), (3, True), (3, False)) == set()


@pytest.mark.parametrize("device", ["cab-1", "cou-1"])
def test_an_old_connection_does_not_replace_a_newer_one(device: str) -> None:
    assert believed(device, (2, True), (1, False)) == {"presence.epoch"}
    assert believed(device, (2, True), (1, True)) == {"presence.epoch"}


def test_a_cabinet_with_a_new_storage_counts_anew() -> None:
    assert believed("cab-1", (7, True), (7, False), (1, True), (2, True)) == set()
    assert believed("cab-1", (7, False), (1, False)) == {"presence.epoch"}


def test_a_courier_never_counts_anew() -> None:
    assert believed("cou-1", (7, False), (1, True)) == {"presence.epoch"}


def test_a_connection_of_a_cabinet_that_ended_does_not_come_to_life_again() -> None:
    assert believed("cab-1", (2, True), (2, False), (2, True)) == {"presence.online"}


def test_a_courier_who_speaks_is_on_line() -> None:
    assert believed("cou-1", (2, True), (2, False), (2, True)) == set()


def test_a_device_that_was_never_connected_may_come_on_line() -> None:
    assert believed("cab-1", (0, False), (0, True), (1, True)) == set()
