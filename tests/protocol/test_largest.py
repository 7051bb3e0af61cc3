"""No message that its contract allows is too large for the wire, so that no sender fails on one."""

import pytest

from chargeloop.protocol.codec import MAX_BYTES, decode, encode
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages import MESSAGES
from chargeloop.protocol.messages.courier import Work
from chargeloop.protocol.messages.rental import UserOrders
from chargeloop.protocol.topics import TOPICS, Delivery
from tests.protocol.largest import around, largest

# Lists of lists, which the platforms that send them keep small enough; tested with their cores.
KEPT_SMALL = (UserOrders, Work)
IN_JOURNALS = {
    model for spec in TOPICS.values() if spec.delivery is Delivery.JOURNAL for model in spec.messages
}


@pytest.mark.parametrize("model", [model for model in MESSAGES.values() if model not in KEPT_SMALL])
def test_the_largest_legal_message_can_be_sent(model: type[Data]) -> None:
    sent = around(largest(model), journal=model in IN_JOURNALS)
    assert decode(encode(sent)) == sent


def test_the_largest_is_no_small_thing() -> None:
    snapshot = largest(MESSAGES["chargeloop.cabinet.slots_snapshot.v1"])
    assert len(encode(around(snapshot, journal=False))) > MAX_BYTES - 1024
