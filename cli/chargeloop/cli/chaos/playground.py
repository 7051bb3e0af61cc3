"""Where such a run plays: a broker that is kept running, a proxy for each part, and the processes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from chargeloop.broker import CredentialStore
from chargeloop.broker.clock import ScaledClock
from chargeloop.broker.software import BrokerKind
from chargeloop.cli.chaos.faults import PARTS, PEOPLE
from chargeloop.cli.chaos.journals import JournalWatch
from chargeloop.cli.chaos.keeper import BrokerKeeper
from chargeloop.cli.chaos.proxy import Proxy
from chargeloop.cli.city import FOLLOWER, CityFiles
from chargeloop.cli.demo import Stage, free_port
from chargeloop.cli.places import note_broker, note_gateway
from chargeloop.cli.progress import Progress, followed, shown
from chargeloop.cli.scenario import Scenario
from chargeloop.cli.settings import Settings
from chargeloop.cli.supervisor import Child, Supervisor
from chargeloop.cli.users import World
from chargeloop.platform.shell.accounts.tokens import AccessTokens

_LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Setting:
    """What is to be played: `ready_s` is how long a process may take to start, `stop_s` to stop in order.

    `proxied`: the parts reach the broker through proxies; else there is no network that could be broken.
    """

    settings: Settings
    scenario: Scenario
    files: CityFiles
    broker: BrokerKind | None
    speed: float
    ready_s: float = 60.0
    stop_s: float = 10.0
    proxied: bool = True


@dataclass(frozen=True, slots=True)
class Playground:
    """A world whose processes all run, ready for its people."""

    stage: Stage
    keeper: BrokerKeeper
    supervisor: Supervisor
    proxies: Mapping[str, Proxy]
    progress: Progress
    journals: JournalWatch

    @property
    def data(self) -> Path:
        """Return the directory of everything."""
        return self.stage.files.data

    def world(self) -> World:
        """Return what the people share: their time begins now, and they may reach the broker by a proxy."""
        return World(
            region=self.stage.scenario.region,
            broker=self.proxies[PEOPLE].address if self.proxies else self.keeper.address,
            clock=self.stage.clock,
            origin_ms=self.stage.clock.now_ms(),
            gateway_url=self.stage.gateway_url,
            tokens=AccessTokens.of_data(self.data, self.stage.scenario.region),
            directory=self.data / "users",
            note=self.progress.say,
        )

    def unplanned_deaths(self) -> list[str]:
        """Return a sentence for each process that has ended by itself."""
        deaths = [
            f"{name} ended by itself {count} times; see {self.stage.files.run / name}.log"
            for name, count in self.supervisor.restarts.items()
        ]
        return deaths + self.keeper.deaths


@contextlib.asynccontextmanager
async def opened(setting: Setting) -> AsyncIterator[Playground]:
    """Yield a world once all its processes are ready; they are stopped in order at the end.

    Raises:
        CommandError: a part could not be started, or dies again and again; perhaps in a group.
    """
    data = setting.files.data
    # World time begins here; the people's begins when all is ready.
    clock = ScaledClock(
        real_origin_ms=time.time_ns() // 1_000_000, origin_ms=setting.scenario.origin_ms, speed=setting.speed
    )
    with shown(clock, len(setting.scenario.people)) as progress:
        async with (
            BrokerKeeper(setting.broker, data, progress.say).running() as keeper,
            contextlib.AsyncExitStack() as stack,
        ):
            proxies = {
                part: await stack.enter_async_context(Proxy.running(keeper.address))
                for part in (PARTS if setting.proxied else ())
            }
            stage = Stage(
                setting.settings, setting.scenario, setting.files, keeper.address, clock, free_port()
            )
            supervisor = Supervisor(
                setting.files.run, progress.say, ready_s=setting.ready_s, stop_s=setting.stop_s
            )
            place = Playground(stage, keeper, supervisor, proxies, progress, JournalWatch(data))
            progress.say(f"data in {data}, broker at {keeper.address}, gateway at {stage.gateway_url}")
            note_broker(data, keeper.address)
            note_gateway(data, stage.gateway_url)
            try:
                async with _running(place):
                    yield place
            finally:
                await supervisor.stop()
                place.journals.look()


@contextlib.asynccontextmanager
async def _running(place: Playground) -> AsyncIterator[None]:
    """Run the processes and look after the journals while the context lasts."""
    operator = CredentialStore.of_data(place.data).load(FOLLOWER)
    await place.supervisor.start(_children(place.stage, place.proxies))
    async with followed(place.progress, operator, place.keeper.address), asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(_look_again_and_again(place.journals))
        try:
            yield
        finally:
            looking.cancel()


def _children(stage: Stage, proxies: Mapping[str, Proxy]) -> list[Child]:
    """Return the processes, each with the address of its own proxy where there are any."""
    if not proxies:
        return stage.children()
    return [
        child
        for part, proxy in proxies.items()
        for child in replace(stage, broker=proxy.address).children()
        if child.name == part
    ]


async def _look_again_and_again(journals: JournalWatch) -> None:
    while True:
        journals.look()
        await asyncio.sleep(_LOOK_S)
