"""A broker and both platforms as processes of the command line, for those who play the rest by hand."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.broker.software import BrokerKind
from chargeloop.cli.supervisor import Child, Supervisor

REGION: Final = "demo"
SERVICES: Final = ("rnt-main", "dsp-main", "gwy-main")


@dataclass(frozen=True)
class Platforms:
    """Both platforms at work, and where to reach the broker they talk through."""

    data: Path
    port: int

    def password_of(self, client: str) -> str:
        return CredentialStore.of_data(self.data).load(client).password

    def export(self) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "chargeloop.cli", "export", "--data", str(self.data)]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        return [json.loads(line) for line in told.stdout.splitlines()]


@asynccontextmanager
async def running_platforms(data: Path, clients: Sequence[str]) -> AsyncIterator[Platforms]:
    """Start Mosquitto and both platforms, with credentials for these clients; stop them at the end."""
    for client in (*SERVICES, *clients):
        CredentialStore.of_data(data).grant(client, REGION)
    async with running_broker(BrokerKind.MOSQUITTO, data) as broker:
        common = ("--data", str(data), "--region", REGION, "--broker", str(broker))
        supervisor = Supervisor(data / "run", note=print)
        try:
            platform = Child("platform", ("platform", *common, "--http-port", "0"))
            await supervisor.start([platform, Child("couriers", ("couriers", *common))])
            yield Platforms(data, broker.port)
        finally:
            await supervisor.stop()
        assert not supervisor.restarts, "a platform died while it was played with"
