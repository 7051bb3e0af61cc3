"""A simulated courier's hands and mouth on a broker: asks the world, records the reports, keeps the errand.

Every try is written down before it is made and has an id of its own. Until its answer is known nothing else
is decided; after a crash the same try is asked again under the same id, and the world gives the same
answer. A report is recorded before the errand moves on: a crash between the two repeats the report, which
changes nothing. What is asked and what an answer means is decided in `deeds`.
"""

from dataclasses import dataclass
from typing import Protocol

from chargeloop.broker.clock import Clock
from chargeloop.courier.agent.deeds import Deed, answered, giving_up, question, trouble
from chargeloop.courier.agent.errand import ACTS, Errand, ask_id
from chargeloop.courier.agent.hands import Hands
from chargeloop.courier.agent.profile import Profile
from chargeloop.protocol.effects import Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.values import replace


class PhoneLink(Protocol):
    """What a courier needs of the device's link to the broker."""

    async def record(
        self,
        *data: Data,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        subject: str | None = None,
    ) -> list[int]:
        """Write events to the journal, durably, and send them; return their numbers."""

    async def publish(self, send: Send) -> None:
        """Send something that may be lost."""

    async def ask(
        self,
        topic: str,
        data: Data,
        *,
        answers: type[Data] | tuple[type[Data], ...],
        message_id: str | None = None,
        within_ms: int | None = None,
    ) -> Envelope[Data]:
        """Return the answer; raise TimeoutError when there is none within that time."""


@dataclass(slots=True)
class Body:
    """The acts of one courier; each leaves the errand as it is afterwards in `hands`."""

    profile: Profile
    region: RegionId
    link: PhoneLink
    journal_id: str
    hands: Hands
    clock: Clock

    def keep(self, errand: Errand) -> None:
        """Remember an errand as it stands now."""
        memory = self.hands.memory
        errands = tuple(errand if known.job.job == errand.job.job else known for known in memory.errands)
        self.hands.remember(replace(memory, errands=errands))

    async def attempt(self, errand: Errand) -> None:
        """Do the physical act that reaches the errand's goal, and report what came of it.

        A code at a keypad, a bank at a slot or a knock at a door may have had its effect, so the same try is
        asked for until it is answered: a courier who walked away would leave banks in the tray.
        """
        act = ACTS[errand.goal]
        if not errand.asking:
            errand = replace(errand, asking=True, tries=errand.tries + 1)
            self.keep(errand)
        asked = question(act, errand, self.profile, self.region)
        try:
            answer = await self.link.ask(
                asked.topic,
                asked.data,
                answers=asked.answers,
                message_id=ask_id(self.profile.courier, errand),
                within_ms=self.profile.patience_ms,
            )
        except TimeoutError:
            await self._carry_out(trouble(self._present(errand), self.profile, self.clock.now_ms()))
            return
        deed = answered(
            act,
            errand,
            now=self._present(errand),
            answer=answer.data,
            profile=self.profile,
            now_ms=self.clock.now_ms(),
        )
        await self._carry_out(deed)

    async def give_up(self, errand: Errand) -> None:
        """Drop the job; banks in hands go to a cabinet afterwards."""
        await self._carry_out(giving_up(errand))

    async def _carry_out(self, deed: Deed) -> None:
        proof = deed.errand.proof
        for report in deed.reports:
            (number,) = await self.link.record(report)
            proof = f"{self.journal_id}.{number}" if deed.proves else proof
        self.keep(replace(deed.errand, proof=proof))

    def _present(self, errand: Errand) -> Errand:
        """Return the errand as it is remembered now: it may have changed while an answer was awaited."""
        return next(known for known in self.hands.memory.errands if known.job.job == errand.job.job)
