"""Hunts one mutant: plays run after run of the product on the path until the checker finds something.

The run stops right there. A mutant may do such harm that its world never comes to rest: what an
acknowledgement too many leaves behind is sent again for all the days that a run waits at most.

What a mutant raises in a run is found too, as a mistake may well show that way. But one that cannot be
imported, or that comes upon a name or a module that there is not, is no mistake of the product but one of
whoever wrote the mutant: then this process fails, and nothing has been found.
"""

import gc
import json
import sys

from chargeloop_checker import Checker

from chargeloop.simulation.runner import Job, play_job

_ORDERS = 30
# What no sound piece of text raises, wherever it stands: `NameError` is that of an unbound local too.
_UNSOUND = (ImportError, NameError, SyntaxError)


def _tell(found: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")


def main() -> None:
    """Play seeds from 1 on and print as JSON which one showed a violation, and of which rule."""
    faults, seeds = sys.argv[1], int(sys.argv[2])
    gc.disable()
    for seed in range(1, seeds + 1):
        summary = play_job(Job(seed, _ORDERS, 1, faults), Checker, to_the_end=False, no_finding=_UNSOUND)
        if summary.violations:
            found = summary.violations[0]
            rules = sorted({violation.rule for violation in summary.violations})
            _tell({"seed": seed, "rules": rules, "text": found.text})
            return
        gc.collect()
    _tell({"seed": None, "rules": [], "text": ""})


if __name__ == "__main__":
    main()
