"""What was found: violations are gathered and never raised, so that one run shows all it has to show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from chargeloop_checker.rules import RULES

KEPT_PER_RULE: Final = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be: the rule, the true time (ms since 1970 UTC) and a sentence."""

    rule: str
    at_ms: int
    text: str


class Findings:
    """Gathers violations, a limited number of each rule, so that a broken run does not fill the memory.

    Args:
        without: rules that are not wanted.

    Raises:
        ValueError: a rule that is not wanted does not exist.
    """

    def __init__(self, without: Collection[str] = ()) -> None:
        unknown = sorted(set(without) - set(RULES))
        if unknown:
            raise ValueError(f"no such rule: {', '.join(unknown)}")
        self._without = frozenset(without)
        self._kept: list[Violation] = []
        self._counts: dict[str, int] = {}

    def report(self, rule: str, at_ms: int, text: str) -> None:
        """Keep a violation of a rule.

        Raises:
            KeyError: the rule is not in `RULES`: a bug of the checker.
        """
        if rule not in RULES:
            raise KeyError(rule)
        if rule in self._without:
            return
        count = self._counts[rule] = self._counts.get(rule, 0) + 1
        if count <= KEPT_PER_RULE:
            self._kept.append(Violation(rule, at_ms, text))

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how often each rule was broken, those that are not kept too."""
        return MappingProxyType(self._counts)

    def kept(self) -> tuple[Violation, ...]:
        """Return the violations kept, in the order in which they were found."""
        return tuple(self._kept)
