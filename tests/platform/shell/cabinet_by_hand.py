"""A charging cabinet played by a test over the broker: it does what it is told and says so."""

from pathlib import Path

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.clock import Clock
from chargeloop.broker.credentials import CredentialStore
from chargeloop.broker.device import DeviceClock, DeviceLink, Journal, begin_boot
from chargeloop.protocol.effects import Incoming, Send
from chargeloop.protocol.ids import BankId, CabinetId, CommandId, JournalId
from chargeloop.protocol.messages.cabinet import (
    BankEjected,
    BankReturned,
    BankStatus,
    CabinetInfo,
    CommandFinished,
    EjectBanks,
    HoldEnd,
    Outcome,
    PickupFinished,
    ReservationEnded,
    ReserveBanks,
    SlotContent,
    SlotsSnapshot,
    SlotState,
    SlotStatus,
)
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.topics import TOPICS, Role, subscriptions
from tests.platform.shell.books import HARBOUR, REGION

CABINET = CabinetId("cab-0003")
BANK = BankId("bnk-000017")


class CabinetByHand:
    """One slot with one bank."""

    def __init__(self, data: Path, broker: BrokerAddress, clock: Clock) -> None:
        state_dir = data / "cabinets" / CABINET
        state_dir.mkdir(parents=True)
        self._journal = Journal(state_dir / "journal")
        self.link = DeviceLink(
            credentials=CredentialStore.of_data(data).grant(CABINET, REGION),
            broker=broker,
            clock=clock,
            device_clock=DeviceClock(clock, boot_id=begin_boot(state_dir)),
            journal=self._journal,
            state_dir=state_dir,
            subscriptions=subscriptions(Role.CABINET, CABINET, REGION),
            receive=self._receive,
            birth=self._birth,
        )

    async def run(self) -> None:
        """Takes part until cancelled."""
        try:
            await self.link.run()
        finally:
            self._journal.close()

    def _birth(self) -> list[Send]:
        location = Location.of(HARBOUR)
        info = CabinetInfo(name="Harbour Café", location=location, slots=1, model="CL-1", firmware="1")
        bank = BankStatus(bank=BANK, charge_pct=98, health_pct=97, temperature_c=24, cycles=1)
        slots = (SlotStatus(slot=1, state=SlotState.READY, bank=bank),)
        snapshot = SlotsSnapshot(
            version=1, journal=JournalId(self._journal.journal_id), after_seq=0, slots=slots
        )
        return [
            Send(TOPICS["cabinet_info"].topic(REGION, cabinet=CABINET), info),
            Send(TOPICS["cabinet_slots"].topic(REGION, cabinet=CABINET), snapshot),
        ]

    async def _receive(self, incoming: Incoming) -> None:
        match incoming.message.data:
            case ReserveBanks() as command:
                slots = (SlotContent(slot=1, bank=BANK),)
                await self._finish(incoming, command, slots)
            case EjectBanks() as command:
                await self.link.record(
                    BankEjected(slot=1, bank=BANK, reservation=command.reservation, charge_pct=98),
                    PickupFinished(reservation=command.reservation, ejected=1, missing=0),
                    ReservationEnded(reservation=command.reservation, why=HoldEnd.FULFILLED),
                )
                await self._finish(incoming, command)

    async def _finish(
        self, incoming: Incoming, command: ReserveBanks | EjectBanks, slots: tuple[SlotContent, ...] = ()
    ) -> None:
        await self.link.record(
            CommandFinished(
                command=CommandId(incoming.message.id),
                epoch=command.epoch,
                outcome=Outcome.DONE,
                reservation=command.reservation,
                slots=slots,
            ),
            correlation_id=incoming.message.id,
        )

    async def take_back(self) -> None:
        """The user pushes the bank back into its slot."""
        await self.link.record(BankReturned(slot=1, bank=BANK, charge_pct=10))
