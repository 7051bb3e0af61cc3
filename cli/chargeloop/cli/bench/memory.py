"""A process that loads a platform's memory from its store and prints the memory (KiB) taken, then ends.

`python -m chargeloop.cli.bench.memory DATA` counts everything a running platform knows of its
cabinets: their records, their places, the banks in them, and the inbox's marks of their journals.
"""

import asyncio
import gc
import secrets
import sys
from pathlib import Path

from chargeloop.broker.endpoint.outbox import OutboxPolicy
from chargeloop.broker.endpoint.writer import SingleWriter
from chargeloop.cli.bench.machine import memory_kib
from chargeloop.cli.bench.messages import REGION
from chargeloop.cli.city import RENTAL
from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.store import PlatformStore, store_path
from chargeloop.platform.shell.tariff_file import default_tariff
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.topics import Role


async def main(data: Path) -> None:
    """Load, and print what it took."""
    path = store_path(data)
    reader = RentalReader(path)
    region = RentalRegion(RegionId(REGION), tariff=default_tariff())
    store = PlatformStore(path, RegionId(REGION))
    await store.open()
    gc.disable()
    before_kib = memory_kib()
    loaded = reader.load(0)
    region.load(tariffs=loaded.tariffs, cabinets=loaded.cabinets, banks=loaded.banks)
    del loaded
    writer = SingleWriter(
        core=region,
        kept=await store.load(),
        client=RENTAL,
        role=Role.RENTAL,
        region=REGION,
        randbelow=secrets.randbelow,
        policy=OutboxPolicy(),
    )
    gc.collect()
    print(memory_kib() - before_kib)
    del writer
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
