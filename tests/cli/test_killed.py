"""A platform killed outright in the middle of a demo loses nothing and repeats nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chargeloop.cli.books import Books
from tests.cli.played import start_demo
from tests.cli.test_demo import assert_all_well


def in_state(*states: str) -> Callable[[Books], bool]:
    """Return what to wait for: an order in one of these states."""
    return lambda books: any(order.state in states for order in books.orders())


@pytest.mark.parametrize(
    ("killed", "broker"), [("platform", "mosquitto"), ("couriers", "mosquitto"), ("cabinets", "embedded")]
)
def test_a_part_killed_twice_in_the_middle_of_a_demo_changes_nothing_that_is_checked(
    killed: str, broker: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with start_demo(data, orders=6, seed=4, broker=broker) as demo:
        demo.wait_for(in_state("fetching", "delivering"))
        demo.kill(killed)
        # A machine that is slow to start the cabinets again loses its orders to the couriers' patience.
        demo.wait_for(in_state("in_use", "collecting", "returning", "failed"))
        demo.kill(killed)
        document, said = demo.end()
    assert_all_well(document, 6, data)
    assert said.count(f"{killed} ended with code -9; started again") == 2
