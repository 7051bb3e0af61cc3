"""Jobs, couriers and messages for tests of the courier platform's core."""

import hashlib
from dataclasses import dataclass, field

from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.courier.core.region import DispatchRegion
from chargeloop.courier.core.rows import DispatchWrite, Rows, SaveCourier, SaveJob, SaveOffer
from chargeloop.protocol.codec import seal
from chargeloop.protocol.effects import Context, Effects, Incoming, Send
from chargeloop.protocol.envelope import ClockState, Data
from chargeloop.protocol.ids import (
    BankId,
    CabinetId,
    CourierId,
    DispatchId,
    JobId,
    OfferId,
    OrderId,
    RegionId,
    ReservationId,
    UserId,
)
from chargeloop.protocol.messages import cabinet, common, courier, delivery
from chargeloop.protocol.messages.common import Location
from chargeloop.protocol.topics import parse_topic

NOW_MS = 1_795_435_200_000
REGION = RegionId("demo")
CODE = "4821"
JOB = JobId("job-1")
A, B, C = CourierId("cou-a"), CourierId("cou-b"), CourierId("cou-c")
BANK_1, BANK_2 = BankId("bnk-1"), BankId("bnk-2")
# About 11 m north for each 1000.
PLACE = Location(lat_e7=434_500_000, lon_e7=52_300_000)


def north(metres: int) -> Location:
    return Location(lat_e7=PLACE.lat_e7 + metres * 90, lon_e7=PLACE.lon_e7)


def request(
    job: JobId = JOB, *, back: bool = False, quantity: int = 2
) -> delivery.RentalRequested | delivery.ReturnRequested:
    kind = delivery.ReturnRequested if back else delivery.RentalRequested
    return kind(
        job=job,
        order=OrderId("ord-1"),
        user=UserId("usr-1"),
        user_location=north(500),
        quantity=quantity,
        cabinet=CabinetId("cab-1"),
        cabinet_location=PLACE,
        reservation=ReservationId(f"rsv-{job}"),
        code="402913",
        handover_sha256=hashlib.sha256(f"{job}:{CODE}".encode()).hexdigest(),
        deliver_by=NOW_MS + 3_600_000,
        pay_minor=300,
        pay_max_minor=900,
        currency="EUR",
    )


def redirection(reservation: str = "rsv-other", quantity: int = 2) -> delivery.DeliveryRedirected:
    return delivery.DeliveryRedirected(
        job=JOB,
        quantity=quantity,
        cabinet=CabinetId("cab-2"),
        cabinet_location=north(900),
        reservation=ReservationId(reservation),
        code="118270",
    )


def cancellation(reservation: str = "rsv-back") -> delivery.DeliveryCancelled:
    return delivery.DeliveryCancelled(
        job=JOB,
        reason="cancelled by the user",
        cabinet=CabinetId("cab-3"),
        cabinet_location=north(100),
        reservation=ReservationId(reservation),
        code="555555",
    )


@dataclass(slots=True)
class World:
    """A dispatch region with a clock, and everything it has said and written."""

    policy: DispatchPolicy = field(default_factory=DispatchPolicy)
    now_ms: int = NOW_MS
    sends: list[Send] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    writes: list[DispatchWrite] = field(default_factory=list)
    serial: int = 0
    region: DispatchRegion = field(init=False)

    def __post_init__(self) -> None:
        self.region = DispatchRegion(REGION, DispatchId("dsp-main"), self.policy)

    def hear(
        self,
        topic: str,
        data: Data,
        *,
        message_id: str | None = None,
        time_ms: int | None = None,
        uptime_ms: int | None = None,
        clock_state: ClockState | None = None,
        source: str = "rental/rnt-main",
    ) -> Effects[DispatchWrite]:
        self.serial += 1
        parsed = parse_topic(f"cl/v1/demo/{topic}")
        assert parsed is not None
        message = seal(
            data,
            id=message_id or f"msg-{self.serial}",
            source=source,
            time=self.now_ms if time_ms is None else time_ms,
            bootid=None if uptime_ms is None else "boot-1",
            uptimems=uptime_ms,
            clockstate=clock_state,
        )
        return self._keep(
            self.region.receive(Incoming(parsed, message, self.now_ms), Context(self.now_ms, lambda _: 0))
        )

    def _keep(self, effects: Effects[DispatchWrite]) -> Effects[DispatchWrite]:
        self.sends += effects.sends
        self.settled += effects.settled
        self.writes += effects.writes
        return effects

    def ask(self, data: Data) -> Effects[DispatchWrite]:
        return self.hear("dispatch/dsp-main/request", data)

    def phone(self, who: CourierId, data: Data, **attributes: object) -> Effects[DispatchWrite]:
        return self.hear(f"courier/{who}/event", data, source=f"courier/{who}", **attributes)  # type: ignore[arg-type]

    def cabinet(self, data: Data, name: str = "cab-1") -> Effects[DispatchWrite]:
        return self.hear(f"cabinet/{name}/event", data, source=f"cabinet/{name}")

    def connect(self, who: CourierId, epoch: int = 1) -> Effects[DispatchWrite]:
        return self._connection(who, common.Presence.ONLINE, epoch)

    def will(self, who: CourierId, epoch: int = 1) -> Effects[DispatchWrite]:
        return self._connection(who, common.Presence.OFFLINE, epoch)

    def _connection(self, who: CourierId, presence: common.Presence, epoch: int) -> Effects[DispatchWrite]:
        state = common.ConnectionState(state=presence, connection_epoch=epoch)
        return self.hear(f"courier/{who}/connection", state, source=f"courier/{who}")

    def on_duty(self, who: CourierId, metres: int = 0) -> None:
        self.connect(who)
        self.phone(who, courier.DutyChanged(on_duty=True, location=north(metres)))

    def position(self, who: CourierId, metres: int) -> Effects[DispatchWrite]:
        return self.hear(
            f"courier/{who}/position", courier.Position(location=north(metres)), source=f"courier/{who}"
        )

    def pass_ms(self, duration_ms: int, *, alive: tuple[CourierId, ...] = ()) -> None:
        """Let time pass: every deadline on the way is handled at its own time."""
        end_ms = self.now_ms + duration_ms
        while (due_ms := self.region.next_due_ms()) is not None and due_ms <= end_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self._keep(self.region.tick(Context(self.now_ms, lambda _: 0)))
            after_ms = self.region.next_due_ms()
            assert after_ms is None or after_ms > self.now_ms
        self.now_ms = end_ms
        for who in alive:
            self.position(who, 0)

    def offers(self, who: CourierId) -> list[OfferId]:
        return [
            send.data.offer
            for send in self.sends
            if isinstance(send.data, courier.JobOffered) and f"/{who}/" in send.topic
        ]

    def accept(self, who: CourierId, **attributes: object) -> Effects[DispatchWrite]:
        return self.phone(who, courier.OfferAccepted(offer=self.offers(who)[-1]), **attributes)

    def reports(self) -> list[Data]:
        return [send.data for send in self.sends if send.topic.endswith("/report")]

    def report_types(self) -> list[str]:
        return [type(data).__name__ for data in self.reports()]

    def closings(self, who: CourierId) -> list[courier.OfferEnd]:
        return [
            send.data.why
            for send in self.sends
            if isinstance(send.data, courier.OfferClosed) and f"/{who}/" in send.topic
        ]

    def work(self, who: CourierId) -> courier.Work:
        return [
            send.data
            for send in self.sends
            if isinstance(send.data, courier.Work) and f"/{who}/" in send.topic
        ][-1]

    def rows(self) -> Rows:
        """Return what a store would hold: the last row of everything."""
        jobs = {row.job.id: row.job for row in self.writes if isinstance(row, SaveJob)}
        offers = {row.offer.id: row.offer for row in self.writes if isinstance(row, SaveOffer)}
        couriers = {row.courier.id: row.courier for row in self.writes if isinstance(row, SaveCourier)}
        kept = {
            key: job
            for key, job in jobs.items()
            if job.ended_ms is None or job.ended_ms + self.policy.ended_kept_ms > self.now_ms
        }
        return Rows(
            tuple(kept.values()),
            tuple(offer for offer in offers.values() if offer.job in kept),
            tuple(couriers.values()),
        )

    def restart(self, listening_since_ms: int = 0) -> None:
        dispatch = DispatchId("dsp-main")
        self.region = DispatchRegion(REGION, dispatch, self.policy, self.rows(), listening_since_ms)


def handed(*banks: BankId, code: str = CODE) -> courier.Delivered:
    return courier.Delivered(job=JOB, code=code, banks=banks)


def collected(*banks: BankId, code: str = CODE) -> courier.Collected:
    return courier.Collected(job=JOB, code=code, banks=banks)


def picked(*banks: BankId) -> courier.PickedUp:
    return courier.PickedUp(job=JOB, banks=banks)


def put_back(*banks: BankId) -> courier.PutBack:
    return courier.PutBack(job=JOB, banks=banks)


def ejected(bank: BankId, reservation: str = f"rsv-{JOB}") -> cabinet.BankEjected:
    return cabinet.BankEjected(slot=1, bank=bank, reservation=ReservationId(reservation))


def returned(bank: BankId, reservation: str = f"rsv-{JOB}") -> cabinet.BankReturned:
    return cabinet.BankReturned(slot=1, bank=bank, reservation=ReservationId(reservation))
