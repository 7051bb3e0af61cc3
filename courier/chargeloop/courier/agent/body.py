"""What a simulated courier does with hands and mouth: keypads, slots, doors, and the report of each act.

Every try is written down before it is made and has an id of its own. Until its answer is known nothing else
is decided; after a crash the same try is asked again under the same id, and the world gives the same
answer. A report is recorded before the errand moves on: a crash between the two repeats the report, which
changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Protocol

from chargeloop.broker.clock import Clock
from chargeloop.courier.agent.errand import Errand, Goal, ask_id
from chargeloop.courier.agent.hands import Hands
from chargeloop.courier.agent.profile import Profile
from chargeloop.protocol.effects import Send
from chargeloop.protocol.envelope import Data, Envelope
from chargeloop.protocol.ids import RegionId
from chargeloop.protocol.messages import courier as msg
from chargeloop.protocol.messages.cabinet import BankStatus
from chargeloop.protocol.messages.courier import LegKind, Problem
from chargeloop.protocol.messages.world import BankInserted, CabinetAnswered, CodeTyped, DoorAnswered, Knocked
from chargeloop.protocol.topics import TOPICS

_ABSENCES_BORNE: Final = 2
# What is wrong when a goal is not reached.
_PROBLEMS: Final[Mapping[Goal, Problem]] = MappingProxyType(
    {
        Goal.FETCH: Problem.CABINET_GAVE_NOTHING,
        Goal.DELIVER: Problem.USER_ABSENT,
        Goal.COLLECT: Problem.USER_ABSENT,
        Goal.PUT_BACK: Problem.CABINET_TAKES_NOTHING,
        Goal.RID: Problem.CABINET_TAKES_NOTHING,
    }
)


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

    async def type_code(self, errand: Errand) -> None:
        """Type the pickup code, take what comes out, and report it."""
        answer = await self._at_cabinet(errand, CodeTyped(code=errand.job.code))
        if answer is None:
            return
        errand = self._answered(errand)
        banks = _with(errand.banks, answer.banks)
        if not banks:
            await self._trouble(errand)
            return
        errand = replace(errand, banks=banks)
        picked = msg.PickedUp(job=errand.job.job, banks=errand.bank_ids)
        self.keep(replace(errand, proof=await self._report(picked)))

    async def insert(self, errand: Errand) -> None:
        """Put one bank into the cabinet: with the return code first, without it when that does not work."""
        with_code = errand.goal is Goal.PUT_BACK and errand.code_works
        code = errand.job.code if with_code else None
        if code is not None and not errand.opened:
            opening = await self._at_cabinet(errand, CodeTyped(code=code))
            if opening is not None:
                errand = self._answered(errand)
                # A job that is called off while its banks are still reserved has the pickup code: what
                # comes out by it goes back in.
                banks = _with(errand.banks, opening.banks)
                self.keep(replace(errand, banks=banks, opened=True, code_works=opening.accepted))
            return
        bank = errand.banks[0]
        answer = await self._at_cabinet(errand, BankInserted(bank=bank, code=code))
        if answer is None:
            return
        errand = self._answered(errand)
        if answer.accepted:
            await self._inserted(replace(errand, banks=errand.banks[1:], moved=(*errand.moved, bank.bank)))
        elif with_code:
            self.keep(replace(errand, code_works=False))
        else:
            await self._trouble(errand)

    async def knock(self, errand: Errand) -> None:
        """Knock at the user's door; hand over or collect banks and report it with the code the user says."""
        delivering = errand.job.leg is LegKind.OUTWARD
        knocked = Knocked(job=errand.job.job, delivering=delivering, banks=errand.banks if delivering else ())
        topic = TOPICS["door_knock"].topic(self.region, courier=self.profile.courier, user=errand.job.user)
        answer = await self._ask(errand, topic, knocked, DoorAnswered)
        if not isinstance(answer, DoorAnswered):
            return
        errand = self._answered(errand)
        if answer.present:
            moved = errand.bank_ids if delivering else tuple(bank.bank for bank in answer.banks)
            banks = () if delivering else _with(errand.banks, answer.banks)
            errand = replace(errand, banks=banks, moved=tuple(dict.fromkeys(errand.moved + moved)))
        if answer.present and answer.code is not None and errand.moved:
            await self._prove(errand, answer.code)
        else:
            await self._absent(errand)

    async def give_up(self, errand: Errand) -> None:
        """Drop the job; banks in hands go to a cabinet afterwards."""
        await self._report(
            msg.GaveUp(job=errand.job.job, reason="the courier cannot go on", banks=errand.bank_ids)
        )
        self.keep(replace(errand, left=True))

    async def _inserted(self, errand: Errand) -> None:
        if not errand.banks:
            await self._report(msg.PutBack(job=errand.job.job, banks=errand.moved))
            errand = replace(errand, moved=())
        self.keep(errand)

    async def _prove(self, errand: Errand, code: str) -> None:
        kind = msg.Delivered if errand.job.leg is LegKind.OUTWARD else msg.Collected
        proof = await self._report(kind(job=errand.job.job, code=code, banks=errand.moved))
        again_ms = self.clock.now_ms() + self.profile.service_ms
        self.keep(replace(errand, proof=proof, absences=0, not_before_ms=again_ms))

    async def _absent(self, errand: Errand) -> None:
        errand = replace(
            errand,
            absences=errand.absences + 1,
            not_before_ms=self.clock.now_ms() + self.profile.patience_ms,
        )
        if errand.absences < _ABSENCES_BORNE:
            self.keep(errand)
        else:
            await self._trouble(errand)

    async def _trouble(self, errand: Errand) -> None:
        """Report a problem once, and wait."""
        now_ms = self.clock.now_ms()
        if errand.moved and errand.goal is Goal.PUT_BACK:
            # A part was taken: say so before saying that the rest was not.
            await self._report(msg.PutBack(job=errand.job.job, banks=errand.moved))
            errand = replace(errand, moved=())
        if errand.troubled_ms is None and errand.goal is not Goal.RID:
            await self._report(msg.ProblemReported(job=errand.job.job, problem=_PROBLEMS[errand.goal]))
        since_ms = now_ms if errand.troubled_ms is None else errand.troubled_ms
        again_ms = now_ms + self.profile.patience_ms
        self.keep(replace(errand, troubled_ms=since_ms, not_before_ms=again_ms))

    async def _at_cabinet(self, errand: Errand, act: CodeTyped | BankInserted) -> CabinetAnswered | None:
        topic = TOPICS["courier_hands"].topic(
            self.region, courier=self.profile.courier, cabinet=errand.job.cabinet
        )
        answer = await self._ask(errand, topic, act, CabinetAnswered)
        return answer if isinstance(answer, CabinetAnswered) else None

    async def _ask(self, errand: Errand, topic: str, act: Data, answers: type[Data]) -> Data | None:
        """Return the world's answer to a try, or None when there was none for a while.

        A code at a keypad, a bank at a slot or a knock at a door may have had its effect, so the same try is
        asked for until it is answered: a courier who walked away would leave banks in the tray.
        """
        if not errand.asking:
            errand = replace(errand, asking=True, tries=errand.tries + 1)
            self.keep(errand)
        try:
            answer = await self.link.ask(
                topic,
                act,
                answers=answers,
                message_id=ask_id(self.profile.courier, errand),
                within_ms=self.profile.patience_ms,
            )
        except TimeoutError:
            await self._trouble(self._present(errand))
            return None
        return answer.data

    def _answered(self, errand: Errand) -> Errand:
        """Return the errand as remembered, with the last try answered."""
        return replace(self._present(errand), asking=False)

    def _present(self, errand: Errand) -> Errand:
        """Return the errand as it is remembered now: it may have changed while an answer was awaited."""
        return next(known for known in self.hands.memory.errands if known.job.job == errand.job.job)

    async def _report(self, data: Data) -> str:
        (number,) = await self.link.record(data)
        return f"{self.journal_id}.{number}"


def _with(banks: tuple[BankStatus, ...], more: Sequence[BankStatus]) -> tuple[BankStatus, ...]:
    known = {bank.bank for bank in banks}
    return (*banks, *(bank for bank in more if bank.bank not in known))
