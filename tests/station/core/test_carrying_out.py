"""What the shell and the simulation keep to alike."""

import pytest

from chargeloop.protocol.topics import TOPICS, parse_topic
from chargeloop.station.core.carrying_out import HANDS, tray_of


@pytest.mark.parametrize("name", HANDS)
def test_hands_are_answered_on_the_tray_of_their_owner(name: str) -> None:
    owner = name.partition("_")[0]
    who = {"cabinet": "cab-0001", owner: f"{owner[:3] if owner == 'courier' else 'usr'}-anna"}
    hands = parse_topic(TOPICS[name].topic("demo", **who))
    assert hands is not None
    assert tray_of(hands) == TOPICS[f"{owner}_tray"].topic("demo", **who)
