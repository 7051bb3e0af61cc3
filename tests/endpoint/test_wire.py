"""The wire of a service, before a broker that is played byte by byte."""

from pathlib import Path

import pytest

from chargeloop.broker.endpoint.changes import Outgoing
from chargeloop.broker.endpoint.wire import Wire, WireRefusedError
from tests.endpoint.refusing import refusing_broker
from tests.endpoint.site import granted

WILL = Outgoing("cl/v1/demo/rental/rnt-main/connection", b"{}", 1, retain=True, message_id="m-1")


async def test_a_refused_subscription_is_a_refusal_and_no_lost_connection(tmp_path: Path) -> None:
    async with refusing_broker() as broker:
        wire = Wire(granted(tmp_path).load("rnt-main"), broker, lambda: None)
        await wire.connect(WILL)
        with pytest.raises(WireRefusedError, match="a subscription was refused"):
            await wire.subscribe(["cl/v1/demo/rental/rnt-main/request"])
        wire.cut()
