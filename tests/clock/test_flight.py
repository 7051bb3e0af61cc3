import pytest

from chargeloop.broker.flight import CountedFlight, NoFlight


@pytest.fixture
def flight() -> CountedFlight:
    counted = CountedFlight(lambda: None)
    counted.subscribed("cab-1", ["cl/v1/demo/cabinet/cab-1/command", "cl/v1/demo/cabinet/cab-1/ack"])
    counted.subscribed("rnt-main", ["cl/v1/demo/cabinet/+/event", "cl/v1/demo/user/#"])
    return counted


@pytest.mark.parametrize(
    ("topic", "copies"),
    [
        ("cl/v1/demo/cabinet/cab-1/command", 1),
        ("cl/v1/demo/cabinet/cab-2/command", 0),
        ("cl/v1/demo/cabinet/cab-2/event", 1),
        ("cl/v1/demo/cabinet/cab-2/event/more", 0),
        ("cl/v1/demo/user/usr-1/request", 1),
        ("cl/v1/demo/user", 1),
    ],
)
def test_a_message_is_waited_for_once_by_each_client_that_subscribed(
    flight: CountedFlight, topic: str, copies: int
) -> None:
    flight.sent("m-1", topic)
    assert flight.outstanding == copies


def test_a_message_sent_twice_arrives_twice(flight: CountedFlight) -> None:
    topic = "cl/v1/demo/cabinet/cab-1/event"
    flight.sent("m-1", topic)
    flight.sent("m-1", topic)
    flight.arrived("rnt-main", "m-1")
    assert flight.outstanding == 1
    flight.arrived("rnt-main", "m-1")
    assert flight.outstanding == 0


def test_a_copy_nobody_expected_changes_nothing(flight: CountedFlight) -> None:
    flight.arrived("rnt-main", "m-1")
    flight.arrived("cab-9", "m-1")
    assert flight.outstanding == 0


def test_what_was_on_its_way_to_a_client_that_left_is_not_waited_for(flight: CountedFlight) -> None:
    flight.sent("m-1", "cl/v1/demo/cabinet/cab-1/command")
    flight.sent("m-2", "cl/v1/demo/cabinet/cab-1/event")
    flight.disconnected("cab-1")
    assert flight.outstanding == 1
    flight.sent("m-3", "cl/v1/demo/cabinet/cab-1/command")
    assert flight.outstanding == 1


def test_a_client_that_subscribes_later_is_found_for_a_topic_seen_before(flight: CountedFlight) -> None:
    flight.sent("m-1", "cl/v1/demo/cabinet/cab-2/command")
    flight.subscribed("cab-2", ["cl/v1/demo/cabinet/cab-2/command"])
    flight.sent("m-2", "cl/v1/demo/cabinet/cab-2/command")
    assert flight.outstanding == 1


def test_a_client_that_leaves_takes_nobody_else_s_filters_along(flight: CountedFlight) -> None:
    flight.subscribed("opr-1", ["cl/v1/demo/cabinet/+/event", "cl/v1/demo/user/#"])
    flight.disconnected("rnt-main")
    flight.sent("m-1", "cl/v1/demo/cabinet/cab-1/event")
    flight.sent("m-2", "cl/v1/demo/user/usr-1/request")
    assert flight.outstanding == 2
    flight.disconnected("opr-1")
    flight.sent("m-3", "cl/v1/demo/cabinet/cab-1/event")
    assert flight.outstanding == 0


def test_forgetting_counts_a_stall(flight: CountedFlight) -> None:
    flight.sent("m-1", "cl/v1/demo/cabinet/cab-1/command")
    flight.forget()
    assert (flight.outstanding, flight.stalls) == (0, 1)
    flight.arrived("cab-1", "m-1")
    assert flight.outstanding == 0


def test_every_change_makes_the_clock_look_again() -> None:
    looks: list[int] = []
    flight = CountedFlight(lambda: looks.append(1))
    flight.subscribed("cab-1", ["a"])
    flight.sent("m-1", "a")
    flight.arrived("cab-1", "m-1")
    flight.disconnected("cab-1")
    assert len(looks) == 4


def test_no_flight_takes_everything_and_waits_for_nothing() -> None:
    flight = NoFlight()
    flight.subscribed("cab-1", ["a"])
    flight.sent("m-1", "a")
    flight.arrived("cab-1", "m-1")
    flight.disconnected("cab-1")
    assert flight.stalls == 0
