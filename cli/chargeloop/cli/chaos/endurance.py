"""An endurance run: thousands of cabinets in one process, some orders all the time, memory watched."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

from chargeloop.cli.brokers import broker_kind
from chargeloop.cli.chaos import heard, lossless
from chargeloop.cli.chaos.journals import JournalWatch
from chargeloop.cli.chaos.ledger import read_ledger, read_traces
from chargeloop.cli.chaos.life import Plan, live
from chargeloop.cli.chaos.memory import Held, MemoryWatch, growing
from chargeloop.cli.chaos.playground import Playground, Setting, opened
from chargeloop.cli.chaos.presence import PresenceWatch, online_cabinets
from chargeloop.cli.chaos.town import wide_town
from chargeloop.cli.city import lay_out
from chargeloop.cli.demo import fresh_data, play, stopped_by_signals, until_first
from chargeloop.cli.outcome import Outcome, gather
from chargeloop.cli.parts import require_tariff
from chargeloop.cli.playing import speed_of
from chargeloop.cli.settings import Effective
from chargeloop.cli.truth import read_truth
from chargeloop.protocol.time import MINUTE_MS

_SPEED: Final = 10.0
_SAMPLE_S: Final = 1.0
# After so many samples somebody looks whether all cabinets are connected.
_LOOK_EVERY: Final = 5
# By then everybody has connected and caches have filled.
_STEADY_AFTER: Final = 0.25
_READY_S: Final = 60.0
_READY_S_PER_CABINET: Final = 0.15


@dataclass(frozen=True, slots=True)
class EndurancePlan(Plan):
    """How many cabinets are connected all the time."""

    cabinets: int


@dataclass(frozen=True, slots=True)
class EnduranceResult:
    """What a run comes to; `held` is the memory of each process in the steady state."""

    plan: EndurancePlan
    speed: float
    ready_s: float
    outcome: Outcome
    held: Mapping[str, Held]
    journals: JournalWatch
    violations: tuple[str, ...]

    def document(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return {
            **asdict(self.plan),
            "speed": self.speed,
            "ready_s": round(self.ready_s, 1),
            "memory": {
                name: {unit: round(value, 1) for unit, value in asdict(held).items()}
                for name, held in self.held.items()
            },
            **self.outcome.document(),
            "journals": len(self.journals.journals),
            "journal_entries": sum(journal.last for journal in self.journals.journals),
            "violations": list(self.violations),
        }


def run_endurance(effective: Effective, plan: EndurancePlan) -> EnduranceResult:
    """Play an endurance run and return what it came to.

    Raises:
        CommandError: an argument is wrong, or a part could not be started.
    """
    settings = effective.settings
    speed = speed_of(settings.speed, default=_SPEED)
    broker = broker_kind(settings.broker)
    require_tariff(settings.tariff)
    data = fresh_data(effective, "endure", broker)
    town = wide_town(
        seed=settings.seed,
        cabinets=plan.cabinets,
        orders=plan.orders,
        placing_ms=round(plan.minutes * MINUTE_MS * speed),
        region=settings.region,
    )
    ready_s = _READY_S + plan.cabinets * _READY_S_PER_CABINET
    setting = Setting(
        settings,
        town,
        lay_out(town, data),
        broker,
        speed,
        ready_s=ready_s,
        stop_s=ready_s,
        proxied=False,
    )
    run = _Run(setting, plan)
    play(run.play())
    return run.result()


class _Run:
    def __init__(self, setting: Setting, plan: EndurancePlan) -> None:
        self._setting = setting
        self._plan = plan
        self._memory = MemoryWatch()
        # Some cabinets have outages planted, and are away by plan.
        self._presence = PresenceWatch(
            frozenset(plan.cabinet for plan in setting.scenario.cabinets if not plan.faults.offline)
        )
        self._journals = JournalWatch(setting.files.data)
        self._deaths: list[str] = []
        self._ready_s = 0.0

    async def play(self) -> None:
        begun_s = asyncio.get_running_loop().time()
        async with stopped_by_signals(), opened(self._setting) as place:
            self._ready_s = asyncio.get_running_loop().time() - begun_s
            place.progress.say(f"all is ready after {self._ready_s:.0f} s")
            self._journals = place.journals
            await until_first(live(place, partial(self._watch, place)), place.supervisor.failed)
            self._deaths = place.unplanned_deaths()

    async def _watch(self, place: Playground) -> None:
        """Take samples for the time of the run."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        for number in range(round(self._plan.minutes * 60 / _SAMPLE_S) + 1):
            pids = {**place.supervisor.pids, "broker": place.keeper.pid}
            self._memory.sample(loop.time() - begun_s, pids)
            if number % _LOOK_EVERY == 0:
                self._presence.look(online_cabinets(place.data))
            await asyncio.sleep(_SAMPLE_S)
        self._presence.look(online_cabinets(place.data))

    def result(self) -> EnduranceResult:
        data = self._setting.files.data
        outcome = gather(self._setting.scenario, data)
        held = self._memory.held(self._plan.minutes * 60 * _STEADY_AFTER)
        ledger, truth = read_ledger(data), read_truth(data)
        lost = [
            *lossless.violations(self._journals, ledger, truth),
            *heard.unheeded(self._journals, ledger, read_traces(data), truth),
        ]
        return EnduranceResult(
            plan=self._plan,
            speed=self._setting.speed,
            ready_s=self._ready_s,
            outcome=outcome,
            held=held,
            journals=self._journals,
            violations=(
                *outcome.violations,
                *lost,
                *self._deaths,
                *growing(held),
                *self._presence.violations(),
            ),
        )
