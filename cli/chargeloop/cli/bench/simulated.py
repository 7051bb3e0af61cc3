"""Simulated orders per second and core: whole cities under every fault, with the checker that judges them."""

import gc
import time
from collections.abc import Callable
from typing import Final

from chargeloop.cli.bench.figures import Trial
from chargeloop.cli.checker import Checker
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.simulation.runner import Job, Summary, jobs, play_job

_PROFILE: Final = "worst"


async def measure(trials: int, orders: int, say: Callable[[str], None]) -> list[Trial]:
    """Return for each trial the simulated orders per second of processor time, each with its own seeds.

    Raises:
        CommandError: a run broke a rule, so that there is nothing to be proud of.
    """
    play_job(Job(seed=0, orders=10, regions=1, faults=_PROFILE), Checker)
    found, seed = [], 1
    for trial in range(1, trials + 1):
        total = Summary()
        began_s = time.process_time()
        for job in jobs(seed, orders, 1, _PROFILE):
            total.add(play_job(job, Checker))
            gc.collect()
        took_s = time.process_time() - began_s
        seed += total.runs
        if total.violations:
            raise CommandError(f"a simulated run broke a rule: {total.violations[0]}", FAILED)
        found.append(_trial(total, took_s))
        say(f"trial {trial}: {found[-1].figure:.0f} orders/s")
    return found


def _trial(total: Summary, took_s: float) -> Trial:
    orders = sum(total.orders.values())
    return Trial(
        orders / took_s,
        {"messages_an_order": total.messages / orders, "us_a_message": took_s * 1e6 / total.messages},
    )
