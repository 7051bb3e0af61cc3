"""Run many simulated couriers in one process."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import Clock
from chargeloop.broker.device import DeviceClock, DeviceLink, Journal, LinkPolicy, alone_in, begin_boot
from chargeloop.courier.agent.body import Body
from chargeloop.courier.agent.errand import Memory
from chargeloop.courier.agent.hands import Hands
from chargeloop.courier.agent.phone import Phone, subscribed_topics
from chargeloop.courier.agent.profile import Profile
from chargeloop.protocol import fields
from chargeloop.protocol.effects import Incoming
from chargeloop.protocol.geo import Point
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.time import SECOND_MS
from chargeloop.protocol.topics import subscriptions


class AgentSettings(BaseModel):
    """What the simulated couriers must be told.

    `data` is the data directory shared by all processes of a region. `origin` is that of the plane on which
    the whole-minute rule of travel measures. `position_ms` is how often a phone says where it is; 0 means
    only on arrival, and then the courier platform's presence lease must be longer than the longest way and
    wait.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: fields.Region
    broker: BrokerAddress
    data: Path
    couriers: tuple[Profile, ...]
    origin: Location
    position_ms: Annotated[int, Field(ge=0)] = 15 * SECOND_MS

    def directory(self, courier: str) -> Path:
        """Return where a courier's phone keeps its files."""
        return self.data / "agents" / courier


class Agent:
    """One simulated courier with link, journal and hands, made from files below `settings.data`."""

    def __init__(self, settings: AgentSettings, profile: Profile, clock: Clock) -> None:
        credentials = CredentialStore.of_data(settings.data).load(profile.courier)
        directory = settings.directory(profile.courier)
        directory.mkdir(parents=True, exist_ok=True)
        self._journal = journal = Journal(directory / "journal")
        self.link = DeviceLink(
            credentials=credentials,
            broker=settings.broker,
            clock=clock,
            device_clock=DeviceClock(
                clock,
                boot_id=begin_boot(directory),
                offset_ms=profile.clock_offset_ms,
                drift_ppm=profile.drift_ppm,
            ),
            journal=journal,
            state_dir=directory,
            subscriptions=subscriptions(
                credentials.role, credentials.client, settings.region, only=subscribed_topics()
            ),
            receive=self._receive,
            policy=_link_policy(clock, settings.position_ms),
        )
        hands = Hands(directory / "hands.json", Memory(location=profile.start))
        body = Body(profile, settings.region, self.link, journal.journal_id, hands, clock)
        origin = Point(settings.origin.lat_e7, settings.origin.lon_e7)
        self.phone = Phone(body, origin=origin, position_ms=settings.position_ms)

    async def run(self) -> None:
        """Stay connected and work until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.link.run())
                tasks.create_task(self.phone.run())
        finally:
            self._journal.close()

    async def _receive(self, incoming: Incoming) -> None:
        await self.phone.receive(incoming)


def _link_policy(clock: Clock, position_ms: int) -> LinkPolicy:
    """Return the link's intervals; a phone that says nothing unasked asks for the time at connecting only."""
    return LinkPolicy.of(clock) if position_ms > 0 else LinkPolicy.of(clock, probe_ms=0)


async def run_agents(
    settings: AgentSettings, clock: Clock, *, ready: Callable[[], None] | None = None
) -> None:
    """Run all couriers until cancelled; `ready` is called once every phone is connected.

    Raises:
        DeviceRunsError: another process runs one of them.
    """
    with alone_in(settings.directory(profile.courier) for profile in settings.couriers):
        agents = [Agent(settings, profile, clock) for profile in settings.couriers]
        async with asyncio.TaskGroup() as tasks:
            for agent in agents:
                tasks.create_task(agent.run())
            for agent in agents:
                await agent.link.wait_ready()
            if ready is not None:
                ready()
