"""The independent checker, as the command line gives it to a simulation.

It stands under `tests/checker/` and imports nothing of the product; the product only hands it records.
"""

from chargeloop_checker import RULES, Checker

__all__ = ["RULES", "Checker"]
