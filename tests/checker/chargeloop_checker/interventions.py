"""Commands of operators: each is sent once for each time it was asked for, and has one outcome.

That a command was sent, what its cabinet answered and that what was wanted happened are three facts. Once
known, none of them changes.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from chargeloop_checker.commands import Commands
from chargeloop_checker.findings import Findings
from chargeloop_checker.motors import Motors
from chargeloop_checker.shapes import Record
from chargeloop_checker.subject import Handler
from chargeloop_checker.wishes import Wishes

_COMMANDS: Final[Mapping[str, str]] = {
    "lock": "lock_slot",
    "unlock": "lock_slot",
    "inventory": "report_inventory",
    "release": "release_reservation",
    "eject": "eject_banks",
    "reboot": "reboot",
}
_Outcome = tuple[str, str | None]


class Intervention(NamedTuple):
    """What the platform knows of a command, with the columns of its record."""

    kind: str
    at_ms: int
    region: str
    command: str
    cabinet: str
    operator: str
    action: str
    slot: int | None
    reservation: str | None
    expires_ms: int
    outcome: str | None
    refusal: str | None
    answered_ms: int | None
    happened_ms: int | None

    @property
    def wanted(self) -> tuple[str, str, str, int | None, str | None]:
        """Return who wants what of which cabinet."""
        return self.operator, self.cabinet, self.action, self.slot, self.reservation

    def contradicts(self, before: "Intervention") -> bool:
        """Tell whether a fact that was known before has changed."""
        known = (before.outcome, before.refusal, before.answered_ms)
        answered = before.outcome is None or known == (self.outcome, self.refusal, self.answered_ms)
        return not answered or (self.wanted, self.expires_ms) != (before.wanted, before.expires_ms)


class Interventions:
    """The commands of a region's operators."""

    def __init__(self, findings: Findings, wishes: Wishes, commands: Commands, motors: Motors) -> None:
        self._findings = findings
        self._wishes = wishes
        self._commands = commands
        self._motors = motors
        self._known: dict[str, Intervention] = {}
        self._times: dict[tuple[str, str, str, int | None, str | None], int] = {}
        self._told: dict[str, _Outcome] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return what takes each kind of record."""
        return {"intervention": self._noted, "outcome": self._ended}

    def _ended(self, record: Record) -> None:
        _, _, _, _, command, _, outcome, reason, _ = record
        self._told.setdefault(command, (outcome, reason))

    def _noted(self, record: Record) -> None:
        now = Intervention(*record)
        before = self._known.get(now.command)
        self._known[now.command] = now
        if before is None:
            self._sent(now)
            return
        if now.contradicts(before):
            self._findings.report("interventions.outcome", now.at_ms, f"{before} has become {now}")
        if before.happened_ms not in {None, now.happened_ms}:
            told = f"what {now.command} wants happened at {before.happened_ms}, and at {now.happened_ms}"
            self._findings.report("interventions.happened", now.at_ms, told)

    def _sent(self, now: Intervention) -> None:
        times = self._times[now.wanted] = self._times.get(now.wanted, 0) + 1
        operator, cabinet, *facts = now.wanted
        asked = self._wishes.times(operator, "command_cabinet", cabinet, *facts)
        if times > asked:
            told = (
                f"{now.command} is sent to {cabinet}, which {operator} has asked for {asked} times: {facts}"
            )
            self._findings.report("interventions.asked", now.at_ms, told)

    def finish(self, at_ms: int) -> None:
        """Compare what is known of each command with what was sent, confirmed, answered, and happened."""
        confirmed = [
            answer.text_or_none("command") for _, answer in self._wishes.confirmed("command_cabinet")
        ]
        for name in confirmed:
            if name not in self._known or confirmed.count(name) > 1:
                told = f"{name} is said to be sent for {confirmed.count(name)} requests"
                self._findings.report("interventions.asked", at_ms, told)
        for one in self._known.values():
            command = self._commands.get(one.command)
            if command is None or _COMMANDS.get(one.action) != command.type:
                told = f"{one.command} was to {one.action} at {one.cabinet}, and {command} was sent"
                self._findings.report("interventions.asked", at_ms, told)
            self._compare(one, at_ms)

    def _compare(self, one: Intervention, at_ms: int) -> None:
        told = self._told.get(one.command, (None, None))
        if (one.outcome, one.refusal) != told:
            text = (
                f"{one.command} ended as {told} in its cabinet, and is noted as {one.outcome}, {one.refusal}"
            )
            self._findings.report("interventions.outcome", at_ms, text)
        if one.happened_ms is None:
            return
        is_true = one.action not in {"inventory", "reboot"} or told[0] == "done"
        if one.action == "eject":
            is_true = self._motors.ran_for(one.cabinet, one.reservation or "")
        if not is_true:
            text = f"{one.command} is said to have happened at {one.happened_ms}: {one.action}, {told}"
            self._findings.report("interventions.happened", at_ms, text)
