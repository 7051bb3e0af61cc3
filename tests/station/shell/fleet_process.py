"""Runs a fleet as a process of its own, to be killed: the argument is its settings as JSON."""

import asyncio
import json
import sys
from pathlib import Path

from chargeloop.broker import BrokerAddress
from chargeloop.broker.clock import RealClock
from chargeloop.protocol.ids import RegionId
from chargeloop.station.main import FleetSettings, run


def main() -> None:
    given = json.loads(sys.argv[1])
    settings = FleetSettings(
        region=RegionId(given["region"]),
        data=Path(given["data"]),
        broker=BrokerAddress.parse(given["broker"]),
        fleet=Path(given["fleet"]),
        heartbeat_ms=0,
        motor_ms=given["motor_ms"],
    )
    asyncio.run(run(settings, RealClock()))


if __name__ == "__main__":
    main()
