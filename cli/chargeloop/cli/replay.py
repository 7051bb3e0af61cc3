"""The replay: a real day of a delivery operation, played by the product itself over a real broker.

All parts but the broker live in this one process, so that with `--speed max` one virtual clock can rule them
all: time moves on only when no message is in flight and nobody has anything left to do, and the day passes as
fast as the machine can without changing what happens. A numeric speed uses a scaled clock instead.
"""

import asyncio
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chargeloop.broker import BrokerAddress, descriptors
from chargeloop.broker.clock import Clock, ScaledClock, VirtualClock
from chargeloop.broker.ports import LOOPBACK
from chargeloop.broker.software import BrokerKind
from chargeloop.cli.bars import Bar, bar, on_terminal
from chargeloop.cli.books import Books
from chargeloop.cli.brokers import broker_or_address
from chargeloop.cli.city import CityFiles, lay_out
from chargeloop.cli.demo import broker_at, free_port, fresh_data, play, report, stopped_by_signals
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.mdrp import read_instance
from chargeloop.cli.outcome import Outcome, gather
from chargeloop.cli.parts import (
    REPLAY,
    Ready,
    require_tariff,
    run_cabinets,
    run_couriers,
    run_phones,
    run_platform,
)
from chargeloop.cli.people import People, rest
from chargeloop.cli.places import note_broker, note_gateway
from chargeloop.cli.playing import speed_of
from chargeloop.cli.progress import world_time
from chargeloop.cli.scenario import Scenario
from chargeloop.cli.settings import Effective, Settings
from chargeloop.cli.users import World
from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.protocol.time import MINUTE_MS, parse_instant

MAX = "max"
_READY_REAL_S = 120.0
# Before the day begins all cabinets connect, tell their slots and learn the time.
_LEAD_MS = 10 * MINUTE_MS
_POLL_MS = MINUTE_MS
_PROGRESS_REAL_S = 2.0
_DRAW_REAL_S = 0.5
_MEMORY_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Day:
    """What is replayed and where."""

    settings: Settings
    scenario: Scenario
    files: CityFiles
    clock: Clock


def run_replay(effective: Effective, instance: Path, *, limit: int | None, as_json: bool) -> int:
    """Replay an instance, print how it ended, and return the number of violations.

    Raises:
        CommandError: an argument or a file is wrong, or the broker could not be started.
    """
    settings = effective.settings
    speed = None if settings.speed in {MAX, "auto"} else speed_of(settings.speed, default=1.0)
    wanted = broker_or_address(settings.broker)
    require_tariff(settings.tariff)
    scenario = read_instance(instance, seed=settings.seed, limit=limit, region=settings.region)
    in_memory = speed is None and effective.origins["data"] == "default"
    beneath = _memory() if in_memory else None
    files = lay_out(scenario, fresh_data(effective, "replay", wanted, beneath=beneath))
    begun_ms = scenario.origin_ms - _LEAD_MS
    clock: Clock = VirtualClock(begun_ms)
    if speed is not None:
        clock = ScaledClock(real_origin_ms=time.time_ns() // 1_000_000, origin_ms=begun_ms, speed=speed)
    descriptors.allow_many()  # each device has a connection and a journal
    started = time.monotonic()
    play(_play(Day(settings, scenario, files, clock), wanted))
    _say(f"played in {time.monotonic() - started:.0f} s; {clock.flight.stalls} stalls")
    outcome = gather(scenario, files.data if beneath is None else _out_of_memory(files.data))
    return report(outcome, as_json=as_json, more=day_figures(outcome))


def _out_of_memory(data: Path) -> Path:
    """Move what was written in memory to the disk, where it may stay, and return its new directory."""
    kept = Path(tempfile.mkdtemp(prefix="chargeloop-replay-"))
    shutil.copytree(data, kept, dirs_exist_ok=True)
    shutil.rmtree(data)
    return kept


def _memory() -> Path | None:
    """Return a directory in memory with plenty of room, or None.

    Each event of a day is made durable by itself, as time moves on between them, and a disk takes longer for
    that than for all else. A replay need not survive a power cut.
    """
    directory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a private directory in it
    if not (directory.is_dir() and os.access(directory, os.W_OK)):
        return None
    return directory if shutil.disk_usage(directory).free > _MEMORY_BYTES else None


async def _play(day: Day, wanted: BrokerKind | BrokerAddress | None) -> None:
    async with stopped_by_signals(), broker_at(wanted, day.files.data) as broker:
        note_broker(day.files.data, broker)
        settings = day.settings.model_copy(
            update={"data": day.files.data, "http_host": LOOPBACK, "http_port": free_port()}
        )
        url = f"http://{LOOPBACK}:{settings.http_port}"
        note_gateway(day.files.data, url)
        _say(f"data in {day.files.data}, broker at {broker}, gateway at {url}")
        world = World(
            region=day.scenario.region, broker=broker, clock=day.clock, origin_ms=day.scenario.origin_ms,
            gateway_url=url, tokens=AccessTokens.of_data(day.files.data, day.scenario.region),
            directory=day.files.data / "users", note=_quiet,
        )  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            parts = await _start(tasks, settings, day, broker)
            await _live(day, People(day.scenario, day.files.data, world))
            for part in parts:
                part.cancel()


async def _start(
    tasks: asyncio.TaskGroup, settings: Settings, day: Day, broker: BrokerAddress
) -> list[asyncio.Task[None]]:
    """Start all parts in this process, one after the other, and return when the last is ready.

    Time stands still meanwhile: how long processes take to start is no part of the day.
    """
    files, clock = day.files, day.clock
    runs: tuple[Callable[[Ready], Coroutine[None, None, None]], ...] = (
        lambda ready: run_platform(settings, broker, clock, lambda _port: ready(), pace=REPLAY),
        lambda ready: run_couriers(settings, broker, clock, ready, pace=REPLAY),
        lambda ready: run_cabinets(settings, files.fleet, broker, clock, ready, pace=REPLAY),
        lambda ready: run_phones(settings, files.couriers, broker, clock, ready, pace=REPLAY),
    )
    parts = []
    try:
        async with asyncio.timeout(_READY_REAL_S):
            with clock.hold():
                for run in runs:
                    ready = asyncio.Event()
                    parts.append(tasks.create_task(run(ready.set)))
                    await ready.wait()
    except TimeoutError:
        raise CommandError(f"the parts were not ready after {_READY_REAL_S:.0f} s", FAILED) from None
    return parts


async def _live(day: Day, people: People) -> None:
    with bar("people done", len(people.persons)) as progress:
        watching = asyncio.create_task(_tell_progress(day.clock, people, progress))
        try:
            if not await people.live():
                progress.say("the time of the scenario is over and not everybody is done")
            await rest(day.files.data, day.scenario, day.clock, poll_ms=_POLL_MS, note=progress.say)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _tell_progress(clock: Clock, people: People, progress: Bar) -> None:
    """Move the bar several times a second, or write a line now and then where there is none."""
    is_drawn = on_terminal()
    while True:
        await asyncio.sleep(_DRAW_REAL_S if is_drawn else _PROGRESS_REAL_S)
        states = people.states()
        if is_drawn:
            progress.at(states["done"], f"world {world_time(clock.now_ms())}")
        else:
            told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
            progress.say(f"{world_time(clock.now_ms())} {told}")


def day_figures(outcome: Outcome) -> Mapping[str, object]:
    """Return what a replay tells beyond the demo's fields; click to door is in minutes."""
    waits_min = click_to_door_min(outcome.records)
    legs = Books(outcome.data).legs()
    ended_badly = [
        record for record in outcome.records if record["record"] == "order" and record["state"] == "failed"
    ]
    return {
        "click_to_door_min": {
            "mean": round(statistics.fmean(waits_min), 1) if waits_min else None,
            "p50": percentile(waits_min, 50),
            "p90": percentile(waits_min, 90),
        },
        "outward_legs": legs["courier_out"],
        "back_legs": legs["courier_back"],
        "failed_reasons": dict(Counter(str(record["reason"]) for record in ended_badly).most_common()),
    }


def click_to_door_min(records: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the minutes from each order's placing to its hand-over by a courier, in rising order."""
    times: dict[tuple[str, str], int] = {}
    for record in records:
        if record["record"] == "event" and record["type"] in {"placed", "rental_success"}:
            times.setdefault((record["order"], record["type"]), parse_instant(record["time"]))
    delivered = [order for order, kind in times if kind == "rental_success"]
    return sorted(
        (times[order, "rental_success"] - times[order, "placed"]) / MINUTE_MS for order in delivered
    )


def percentile(rising: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that so many percent do not exceed (nearest rank); None of nothing."""
    if not rising:
        return None
    return round(rising[math.ceil(len(rising) * percent / 100) - 1], 1)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _quiet(text: str) -> None:
    """Say nothing of one person's doings: a day has too many."""
