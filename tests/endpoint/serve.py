"""The toy platform in a process to be killed: `python -m tests.endpoint.serve DATA BROKER`."""

import asyncio
import sys
from pathlib import Path

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import RealClock
from tests.endpoint.site import Site
from tests.endpoint.toy import ToyCore


async def serve(data: Path, broker: BrokerAddress) -> None:
    """Run until killed."""
    async with Site(data, RealClock(), broker).endpoint(ToyCore()):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), BrokerAddress.parse(sys.argv[2])))
