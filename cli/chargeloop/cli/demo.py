"""The demo: every part of the product as a process of its own, a small city, and a clock that runs fast.

The broker, both platforms, the cabinets and the couriers' phones are processes that may die and are started
again; the people live in this one. The story ends when everybody is done, every order has ended and every
bank is at rest, or at the scenario's deadline; then all is stopped in order and the checks read what is left.
After that the city can go on: the parts are started again on a slower clock, for people to take part, until
Ctrl-C.
"""

import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import ScaledClock
from chargeloop.broker.errors import BrokerError
from chargeloop.broker.main import running_broker
from chargeloop.broker.ports import LOOPBACK, free_address
from chargeloop.broker.software import BrokerKind
from chargeloop.cli import tables
from chargeloop.cli.brokers import broker_or_address
from chargeloop.cli.city import FOLLOWER, CityFiles, lay_out, require_fresh
from chargeloop.cli.entrance import how_to_enter
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.logins import Login, open_logins
from chargeloop.cli.opencity import OpenCity, residents
from chargeloop.cli.outcome import Outcome, gather, printed
from chargeloop.cli.parts import require_tariff
from chargeloop.cli.people import People, rest
from chargeloop.cli.places import note_broker, note_gateway
from chargeloop.cli.playing import speed_of
from chargeloop.cli.progress import Progress, followed, shown
from chargeloop.cli.scenario import Scenario, demo_scenario
from chargeloop.cli.settings import Effective, Settings
from chargeloop.cli.supervisor import Child, Supervisor
from chargeloop.cli.users import World
from chargeloop.platform.shell.accounts.tokens import AccessTokens

# Twenty orders last a little over an hour of world time: some 30 s of real time at this speed.
_SPEED = 120.0
# The clock runs from the start of the processes on: the world's first order comes so much real time later,
# when all of them have started and connected.
_LEAD_REAL_MS = 8_000
_POLL_REAL_MS = 250
_TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True, slots=True)
class GoOn:
    """How a city goes on after the story: so many world seconds in a real one."""

    speed: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a demo plays: the scenario laid out in files, a broker, a clock, and a port for the gateway."""

    settings: Settings
    scenario: Scenario
    files: CityFiles
    broker: BrokerAddress
    clock: ScaledClock
    http_port: int

    @property
    def gateway_url(self) -> str:
        """Return the address of the HTTP gateway."""
        return f"http://{LOOPBACK}:{self.http_port}"

    def children(self) -> list[Child]:
        """Return the processes of the demo."""
        common = (
            "--data", str(self.files.data), "--region", self.scenario.region,
            "--broker", str(self.broker), "--clock", str(self.clock),
        )  # fmt: skip
        tariff = () if self.settings.tariff is None else ("--tariff", str(self.settings.tariff.absolute()))
        port = ("--http-port", str(self.http_port))
        return [
            Child("platform", ("platform", *common, "--http-host", LOOPBACK, *port, *tariff)),
            Child("couriers", ("couriers", *common)),
            Child("cabinets", ("cabinets", str(self.files.fleet), *common)),
            Child("agents", ("agents", str(self.files.couriers), *common)),
        ]


def run_demo(effective: Effective, *, as_json: bool, then: GoOn | None = None) -> int:
    """Play the demo, print how it ended, and return the number of violations.

    Args:
        effective: the settings.
        as_json: print JSON instead of tables.
        then: how the city goes on after the story, until Ctrl-C; None when it does not.

    Raises:
        CommandError: an argument is wrong, or a part could not be started.
        KeyboardInterrupt: Ctrl-C before the story has ended.
    """
    settings = effective.settings
    speed = speed_of(settings.speed, default=_SPEED)
    wanted = broker_or_address(settings.broker)
    require_tariff(settings.tariff)
    data = fresh_data(effective, "demo", wanted)
    scenario = demo_scenario(seed=settings.seed, orders=settings.orders, region=settings.region)
    files = lay_out(scenario, data)
    if then is not None:
        residents(CredentialStore.of_data(data), scenario.region)  # known to the broker when they come
    demo = _Demo(settings, scenario, files, speed, then, as_json=as_json)
    try:
        play(demo.play(wanted))
    except KeyboardInterrupt:
        if demo.violations is None:
            raise
        _say(f"the city is closed; its data is in {data}")
    return demo.violations if demo.violations is not None else demo.told()


def play(world: Coroutine[None, None, None]) -> None:
    """Run a world to its end.

    Raises:
        CommandError: the broker or a part could not be started, or SIGTERM has ended it.
    """
    try:
        asyncio.run(world)
    except BrokerError as error:
        raise CommandError(str(error), FAILED) from None
    except ExceptionGroup as group:
        raise _told(group) from None
    except asyncio.CancelledError:
        raise CommandError("terminated", _TERMINATED) from None


def _told(error: Exception) -> Exception:
    """Return what a group of errors has to tell people, or the error itself when it has nothing."""
    if not isinstance(error, ExceptionGroup):
        return error
    leaves = [_told(leaf) for leaf in error.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, CommandError)), error)


def fresh_data(
    effective: Effective, name: str, wanted: BrokerKind | BrokerAddress | None, *, beneath: Path | None = None
) -> Path:
    """Return the empty directory to play in: the one given, else a new temporary one (beneath that one).

    Raises:
        CommandError: the directory is not empty, or it must be given, as a running broker knows the
            credentials of its own directory only.
    """
    if effective.origins["data"] == "default":
        if isinstance(wanted, BrokerAddress):
            raise CommandError(
                f"the broker at {wanted} knows the credentials of one directory: give it as --data"
            )
        return Path(tempfile.mkdtemp(prefix=f"chargeloop-{name}-", dir=beneath))
    data = effective.settings.data.absolute()
    require_fresh(data)
    return data


def report(outcome: Outcome, *, as_json: bool, more: Mapping[str, object] | None = None) -> int:
    """Print the outcome on standard output, for people or as JSON, and return the number of violations."""
    document = {**outcome.document(), **(more or {})}
    if as_json:
        print(printed(document), flush=True)  # the city may go on for hours
        return len(outcome.violations)
    tables.show(tables.end_table(outcome.records, outcome.currency))
    tables.show(tables.totals(document))
    return len(outcome.violations)


class _Demo:
    """One demo: the story, the report of it, and perhaps a city that goes on."""

    def __init__(
        self,
        settings: Settings,
        scenario: Scenario,
        files: CityFiles,
        speed: float,
        then: GoOn | None,
        *,
        as_json: bool,
    ) -> None:
        self._settings = settings
        self._scenario = scenario
        self._files = files
        self._speed = speed
        self._then = then
        self._as_json = as_json
        self._logins: tuple[Login, ...] = ()
        self.violations: int | None = None

    def told(self) -> int:
        """Print how the story has ended, and return the number of violations."""
        self.violations = report(gather(self._scenario, self._files.data), as_json=self._as_json)
        return self.violations

    async def play(self, wanted: BrokerKind | BrokerAddress | None) -> None:
        """Play the story, and go on if that is wanted."""
        data = self._files.data
        async with stopped_by_signals(), broker_at(wanted, data) as broker:
            note_broker(data, broker)
            self._logins = await open_logins(data, self._scenario.region)
            begin_ms = self._scenario.origin_ms - round(_LEAD_REAL_MS * self._speed)
            clock = scaled_from_now(begin_ms, self._speed)
            stage = Stage(self._settings, self._scenario, self._files, broker, clock, free_port())
            note_gateway(data, stage.gateway_url)
            with self._shown(stage, len(self._scenario.people)) as progress:
                await _play_on(stage, progress, _story)
            if self._then is not None:
                self.told()
                await self._go_on(stage, self._then)

    async def _go_on(self, stage: Stage, then: GoOn) -> None:
        """Start the parts again on a slower clock, and let people come by until this is cancelled.

        Waits of the parts are made for the speed that they begin with, so they are not merely slowed down.
        """
        slow = replace(stage, clock=scaled_from_now(stage.clock.now_ms(), then.speed))
        with self._shown(slow, None) as progress:
            progress.say(f"the city goes on, {then.speed:g} times as fast as real time; Ctrl-C closes it")
            await _play_on(slow, progress, _open)

    def _shown(self, stage: Stage, expected: int | None) -> AbstractContextManager[Progress]:
        data = stage.files.data
        head = () if self._then is None else how_to_enter(stage.gateway_url, data, self._logins)
        return shown(stage.clock, expected, head)


def scaled_from_now(origin_ms: int, speed: float) -> ScaledClock:
    """Return a clock that shows `origin_ms` now and runs so fast."""
    return ScaledClock(real_origin_ms=time.time_ns() // 1_000_000, origin_ms=origin_ms, speed=speed)


# What the people of a stage do, from when all parts of it are ready.
Life = Callable[[Stage, Progress], Coroutine[None, None, None]]


async def _play_on(stage: Stage, progress: Progress, life: Life) -> None:
    progress.say(f"data in {stage.files.data}, broker at {stage.broker}, gateway at {stage.gateway_url}")
    supervisor = Supervisor(stage.files.run, progress.say)
    operator = CredentialStore.of_data(stage.files.data).load(FOLLOWER)
    try:
        await supervisor.start(stage.children())
        progress.say(
            f"{len(stage.scenario.cabinets)} cabinets and {len(stage.scenario.couriers)} couriers are there"
        )
        async with followed(progress, operator, stage.broker):
            await until_first(life(stage, progress), supervisor.failed)
    finally:
        await supervisor.stop()


async def _open(stage: Stage, progress: Progress) -> None:
    world = _world(stage, progress, origin_ms=stage.clock.now_ms())
    store = CredentialStore.of_data(stage.files.data)
    await OpenCity(world, store, seed=stage.scenario.seed).live()


def _world(stage: Stage, progress: Progress, *, origin_ms: int) -> World:
    return World(
        region=stage.scenario.region,
        broker=stage.broker,
        clock=stage.clock,
        origin_ms=origin_ms,
        gateway_url=stage.gateway_url,
        tokens=AccessTokens.of_data(stage.files.data, stage.scenario.region),
        directory=stage.files.data / "users",
        note=progress.say,
    )


async def _story(stage: Stage, progress: Progress) -> None:
    world = _world(stage, progress, origin_ms=stage.scenario.origin_ms)
    if not await People(stage.scenario, stage.files.data, world).live():
        progress.say("the time of the scenario is over and not everybody is done")
    poll_ms = stage.clock.patience_ms(_POLL_REAL_MS)
    await rest(stage.files.data, stage.scenario, stage.clock, poll_ms=poll_ms, note=progress.say)


async def until_first(play: Coroutine[None, None, None], failed: asyncio.Event) -> None:
    """Play to the end.

    Raises:
        CommandError: a part dies again and again.
    """
    playing = asyncio.create_task(play)
    failing = asyncio.create_task(failed.wait())
    try:
        await asyncio.wait((playing, failing), return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            raise CommandError("a part of the demo dies again and again; its log is in DATA/run", FAILED)
        await playing
    finally:
        for task in (playing, failing):
            task.cancel()
        await asyncio.gather(playing, failing, return_exceptions=True)


@contextlib.asynccontextmanager
async def broker_at(wanted: BrokerKind | BrokerAddress | None, data: Path) -> AsyncIterator[BrokerAddress]:
    """Yield the broker that runs already, or run one while the context lasts.

    Raises:
        BrokerError: it could not be started, or it has died: then what was done with it is cancelled.
    """
    if isinstance(wanted, BrokerAddress):
        yield wanted
        return
    task = asyncio.current_task()
    deaths: list[BrokerError] = []

    def died(death: BrokerError) -> None:
        deaths.append(death)
        if task is not None:
            task.cancel()

    try:
        async with running_broker(wanted, data, died=died) as address:
            try:
                yield address
            except asyncio.CancelledError:
                _say("stopping, and waiting for the broker")
                raise
    except (Exception, asyncio.CancelledError):
        # Whatever else goes wrong on the way out has this one cause.
        if deaths:
            raise deaths[0] from None
        raise


@contextlib.asynccontextmanager
async def stopped_by_signals() -> AsyncIterator[None]:
    """Have SIGTERM cancel the task inside as Ctrl-C does, so that all children are stopped in order."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on, nor gets by chance."""
    return free_address(LOOPBACK).port


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
