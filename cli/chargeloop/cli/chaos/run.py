"""A chaos run: a busy city, faults as planned, everything healed in the end, and then the checks."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from chargeloop.broker.software import BrokerKind, choose_kind
from chargeloop.cli.brokers import broker_kind
from chargeloop.cli.chaos import heard, lossless
from chargeloop.cli.chaos.afterwards import serve, visitors
from chargeloop.cli.chaos.faults import Kind, PlannedFault, plan_faults
from chargeloop.cli.chaos.journals import JournalWatch
from chargeloop.cli.chaos.ledger import read_ledger, read_traces
from chargeloop.cli.chaos.life import Plan, live
from chargeloop.cli.chaos.playground import Playground, Setting, opened
from chargeloop.cli.chaos.town import busy_town
from chargeloop.cli.chaos.unrest import Outage, Unrest
from chargeloop.cli.city import lay_out
from chargeloop.cli.demo import fresh_data, play, stopped_by_signals, until_first
from chargeloop.cli.outcome import Outcome, gather
from chargeloop.cli.parts import require_tariff
from chargeloop.cli.playing import speed_of
from chargeloop.cli.scenario import PersonPlan
from chargeloop.cli.settings import Effective
from chargeloop.cli.truth import read_truth
from chargeloop.protocol.time import MINUTE_MS

# Orders take a minute or two of real time, so people meet many faults.
_SPEED: Final = 40.0


@dataclass(frozen=True, slots=True)
class ChaosPlan(Plan):
    """How long faults happen, and how many in a real minute."""

    faults_per_minute: float


@dataclass(frozen=True, slots=True)
class ChaosResult:
    """What a run comes to."""

    seed: int
    plan: ChaosPlan
    broker: BrokerKind
    speed: float
    outcome: Outcome
    outages: Sequence[Outage]
    unmet: int
    journals: JournalWatch
    traffic: Mapping[str, int]
    violations: tuple[str, ...]

    def document(self) -> dict[str, object]:
        """Return what `--json` prints."""
        longest = max(self.outages, key=lambda outage: outage.seconds, default=None)
        return {
            "seed": self.seed,
            "minutes": self.plan.minutes,
            "broker": self.broker,
            "speed": self.speed,
            "faults": self.faults(),
            "unmet_faults": self.unmet,
            "longest_outage": None
            if longest is None
            else {"fault": longest.kind, "target": longest.target, "seconds": round(longest.seconds, 1)},
            **self.outcome.document(),
            "journals": len(self.journals.journals),
            "journal_entries": sum(journal.last for journal in self.journals.journals),
            "ejected": sum(1 for _ in self.journals.entries("bank_ejected")),
            **self.traffic,
            "violations": list(self.violations),
        }

    def faults(self) -> dict[str, int]:
        """Return how often each kind of fault happened."""
        counted = Counter(outage.kind for outage in self.outages)
        return {kind.value: counted[kind] for kind in Kind}


def run_chaos(effective: Effective, plan: ChaosPlan) -> ChaosResult:
    """Play a chaos run and return what it came to.

    Raises:
        CommandError: an argument is wrong, or a part could not be started.
    """
    settings = effective.settings
    speed = speed_of(settings.speed, default=_SPEED)
    broker = broker_kind(settings.broker) or choose_kind()
    require_tariff(settings.tariff)
    data = fresh_data(effective, "chaos", broker)
    placing_ms = round(plan.minutes * MINUTE_MS * speed)
    town = busy_town(seed=settings.seed, orders=plan.orders, placing_ms=placing_ms, region=settings.region)
    late = visitors(settings.seed)
    files = lay_out(replace(town, people=(*town.people, *late)), data)
    run = _Run(Setting(settings, town, files, broker, speed), plan, broker, late)
    play(run.play())
    return run.result()


class _Run:
    def __init__(
        self, setting: Setting, plan: ChaosPlan, broker: BrokerKind, late: Sequence[PersonPlan]
    ) -> None:
        self._setting = setting
        self._plan = plan
        self._broker = broker
        self._late = late
        self._outages: Sequence[Outage] = ()
        self._unmet = 0
        self._journals = JournalWatch(setting.files.data)
        self._traffic: dict[str, int] = {}
        self._deaths: list[str] = []
        self._unserved: list[str] = []

    async def play(self) -> None:
        async with stopped_by_signals(), opened(self._setting) as place:
            seed = self._setting.settings.seed
            unrest = Unrest(
                place.keeper, place.supervisor, place.proxies, place.progress.say, random.Random(seed)
            )
            faults = plan_faults(
                seed=seed, duration_s=self._plan.minutes * 60, per_minute=self._plan.faults_per_minute
            )
            self._outages, self._journals = unrest.outages, place.journals
            life = live(place, partial(self._disturb, place, unrest, faults))
            await until_first(life, place.supervisor.failed)
            self._unmet = unrest.unmet
            self._deaths = [*place.unplanned_deaths(), *unrest.failures]
            self._traffic = _summed(place)

    async def _disturb(self, place: Playground, unrest: Unrest, faults: Sequence[PlannedFault]) -> None:
        await unrest.play(faults)
        place.progress.say(f"everything is healed after {len(unrest.outages)} faults")
        self._unserved = await serve(place, self._late)

    def result(self) -> ChaosResult:
        data = self._setting.files.data
        outcome = gather(self._setting.scenario, data)
        ledger, truth = read_ledger(data), read_truth(data)
        lost = [
            *lossless.violations(self._journals, ledger, truth),
            *heard.unheeded(self._journals, ledger, read_traces(data), truth),
        ]
        return ChaosResult(
            seed=self._setting.settings.seed,
            plan=self._plan,
            broker=self._broker,
            speed=self._setting.speed,
            outcome=outcome,
            outages=self._outages,
            unmet=self._unmet,
            journals=self._journals,
            traffic=self._traffic,
            violations=(*outcome.violations, *lost, *self._deaths, *self._unserved),
        )


def _summed(place: Playground) -> dict[str, int]:
    traffic = [proxy.traffic for proxy in place.proxies.values()]
    return {
        "connections": sum(one.connections for one in traffic),
        "passed_bytes": sum(one.passed_bytes for one in traffic),
        "swallowed_bytes": sum(one.swallowed_bytes for one in traffic),
    }
