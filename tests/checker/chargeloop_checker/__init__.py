"""An independent checker of simulated cities: it reads records and finds what must not be.

It imports nothing of the product and only the standard library, so no mistake of the product can be
repeated here by importing it. Tables of transitions, the arithmetic of tariffs and the ledger of banks are
written out anew. What it reads, and in which columns, stands in docs/simulation.md.

    records -> Checker.feed -> by region and kind -> one subject each -> Findings
                                                     finish: what must hold when all is over
"""

from chargeloop_checker.checker import Checker, check
from chargeloop_checker.findings import Violation
from chargeloop_checker.rules import RULES

__all__ = ["RULES", "Checker", "Violation", "check"]
