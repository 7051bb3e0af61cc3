"""Streams of records by hand: what happens in one region, and changes of it where a test needs them."""

import json
from typing import Any, Self

from chargeloop_checker import check
from chargeloop_checker.shapes import COLUMNS, Record

NOON_MS = 1_795_435_200_000
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
REGION = "demo"
RENTAL, DISPATCH = "rnt-demo", "dsp-demo"
# 5 minutes are free; EUR 4 an hour, at most EUR 40 a day and EUR 99 in all; a courier costs EUR 2 to 6.50.
TARIFF = ("t-1", "EUR", 5, 60, 400, 4_000, 9_900, 10_080, 200, 10, 45)


class Stream:
    """The records of a region. What is told happens now; `wait` lets time pass."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.now_ms = NOON_MS

    def wait(self, minutes: float) -> Self:
        """Let so many minutes pass."""
        self.now_ms += round(minutes * MINUTE_MS)
        return self

    def tell(self, kind: str, *columns: Any, region: str = REGION) -> Self:
        """Add a record of the region."""
        self.records.append((kind, self.now_ms, region, *columns))
        return self

    def broken(self) -> set[str]:
        """Return the names of the rules that the stream breaks when it ends here."""
        return {violation.rule for violation in check([*self.records, ("end", self.now_ms)])}

    # Changes.

    def change(self, kind: str, nth: int = 0, /, **columns: Any) -> Self:
        """Change columns, by their names, of the n-th record of a kind."""
        index = self._index(kind, nth)
        names = [column.name for column in COLUMNS[kind]]
        record = list(self.records[index])
        for name, value in columns.items():
            record[names.index(name)] = value
        self.records[index] = tuple(record)
        return self

    def drop(self, kind: str, nth: int = 0) -> Self:
        """Leave out the n-th record of a kind."""
        del self.records[self._index(kind, nth)]
        return self

    def repeat(self, kind: str, nth: int = 0) -> Self:
        """Let the n-th record of a kind come twice."""
        index = self._index(kind, nth)
        self.records.insert(index, self.records[index])
        return self

    def _index(self, kind: str, nth: int) -> int:
        return [index for index, record in enumerate(self.records) if record[0] == kind][nth]

    # Records.

    def tariff(self) -> Self:
        """Let the tariff come into use."""
        return self.tell("tariff", *TARIFF)

    def order(self, order: str, *, quantity: int = 1, walk_up: bool = False) -> Self:
        """Place an order."""
        place = ("walk_up", "cab-1") if walk_up else ("courier", None)
        return self.tell("order", order, "usr-1", quantity, quantity, "t-1", *place)

    def event(
        self,
        order: str,
        kind: str,
        move: str = "",
        *,
        at_ms: int | None = None,
        quality: str = "synced",
        **detail: Any,
    ) -> Self:
        """Add the next entry of an order's journal; `move` is `from > to`, or the one state it stays in."""
        number = sum(record[0] == "event" and record[3] == order for record in self.records) + 1
        start, _, end = move.partition(" > ")
        states = (None, end) if start == "nothing" else (start, end or start)
        time_ms = self.now_ms if at_ms is None else at_ms
        body = json.dumps(detail)
        return self.tell(
            "event", order, f"{order}-e{number}", kind, *states, time_ms, self.now_ms, quality, body
        )

    def ejected(self, order: str, state: str, bank: str = "bnk-1", slot: int = 1, **told: Any) -> Self:
        """Let the order be told that a bank left cab-1."""
        detail = {"bank": bank, "cabinet": "cab-1", "slot": slot, "job": None, **told}
        return self.event(order, "bank_ejected", state, **detail)

    def line(self, order: str, fee: str, of: str, ends: tuple[int, int], amount_minor: int) -> Self:
        """Book a fee between two entries of the order's journal, by their numbers."""
        events = {record[4]: record for record in self.records if record[0] == "event"}
        first, last = (events[f"{order}-e{number}"] for number in ends)
        ends_of_it = (first[4], last[4], first[8], last[8])
        name = f"{order}/{fee}/{of}/1"
        return self.tell(
            "line", order, name, fee, of, *ends_of_it, amount_minor, "EUR", "t-1", "synced", None
        )

    def command(
        self, command: str, kind: str, reservation: str | None, epoch: int, cabinet: str = "cab-1"
    ) -> Self:
        """Send a command that lives for 15 seconds."""
        return self.tell("command", cabinet, command, kind, reservation, epoch, self.now_ms + 15_000)

    def wish(
        self, who: str, kind: str, target: str, answer: dict[str, Any] | None = None, **wanted: Any
    ) -> Self:
        """Let somebody wish for something of an order or cabinet; it is granted unless an answer says no."""
        request = f"{who}-{sum(record[0] == 'wish' for record in self.records) + 1}"
        self.tell("request", who, request, kind)
        self.tell("wish", who, request, kind, target, json.dumps(wanted))
        granted = {"order": target, "state": "settled", "quantity": 1}
        return self.tell("reply", who, request, json.dumps(granted if answer is None else answer))

    def move(self, bank: str, start: str, end: str, by: str) -> Self:
        """Let a bank move."""
        return self.tell("move", bank, start, end, by)

    def eject(
        self, bank: str, slot: int, reservation: str, command: str | None = None, epoch: int = 0
    ) -> Self:
        """Let the motor of a slot of cab-1 push its bank into the tray."""
        self.tell("motor", "cab-1", slot, bank, reservation, command, epoch, True)
        return self.move(bank, f"slot/cab-1/{slot}", "tray/cab-1", "motor")


def courier_rental() -> Stream:
    """Return a whole rental: a courier brings bnk-1 of cab-1, and another one fetches it again."""
    told, order = Stream(), "ord-7a"
    told.tell("bank", "bnk-1", "slot/cab-1/1").tariff().order(order)
    told.event(order, "placed", "nothing > reserving").event(order, "reservation_asked", "reserving")
    told.command("cmd-7a-1", "reserve_banks", "rsv-7a-1", 1)
    told.tell("hold", "cab-1", 1, "rsv-7a-1").tell("outcome", "cab-1", "cmd-7a-1", 1, "done", None, NOON_MS)
    told.event(order, "reservation_confirmed", "reserving")
    told.event(
        order, "rental_requested", "reserving > dispatching", leg={"job": "job-7a-2", "kind": "outward"}
    )
    told.tell("job", "job-7a-2", order, "outward", "offering", None, (), ())
    told.tell("offer", "off-1", "job-7a-2", "cou-1", "open")
    told.wait(5).tell("offer", "off-1", "job-7a-2", "cou-1", "accepted")
    told.tell("job", "job-7a-2", order, "outward", "to_cabinet", "cou-1", (), ())
    told.event(order, "first_indication", "dispatching > fetching", job="job-7a-2", courier="cou-1")
    told.wait(5).eject("bnk-1", 1, "rsv-7a-1").tell("hold", "cab-1", 1, None)
    told.move("bnk-1", "tray/cab-1", "courier/cou-1", "hand")
    told.ejected(order, "fetching", job="job-7a-2")
    told.event(order, "picked_up", "fetching > delivering", job="job-7a-2", banks=["bnk-1"])
    told.tell("job", "job-7a-2", order, "outward", "to_user", "cou-1", ("bnk-1",), ())
    told.wait(10).move("bnk-1", "courier/cou-1", "user/usr-1", "door")
    told.tell("job", "job-7a-2", order, "outward", "delivered", "cou-1", ("bnk-1",), ())
    told.event(order, "rental_success", "delivering > in_use", job="job-7a-2", banks=["bnk-1"])
    return _fetched_again(told, order)


def _fetched_again(told: Stream, order: str) -> Stream:
    told.wait(80).event(order, "return_asked", "in_use > return_reserving")
    told.event(order, "reservation_asked", "return_reserving")
    told.command("cmd-7a-3", "reserve_slots", "rsv-7a-3", 2).tell("hold", "cab-1", 2, "rsv-7a-3")
    told.event(order, "reservation_confirmed", "return_reserving")
    leg = {"job": "job-7a-4", "kind": "back"}
    told.event(order, "return_requested", "return_reserving > return_dispatching", leg=leg)
    told.tell("job", "job-7a-4", order, "back", "offering", None, (), ())
    told.wait(10).tell("job", "job-7a-4", order, "back", "to_user", "cou-2", (), ())
    told.event(order, "second_indication", "return_dispatching > collecting", job="job-7a-4", courier="cou-2")
    told.wait(10).move("bnk-1", "user/usr-1", "courier/cou-2", "door")
    told.tell("job", "job-7a-4", order, "back", "to_cabinet", "cou-2", ("bnk-1",), ())
    told.event(order, "banks_collected", "collecting", job="job-7a-4", banks=["bnk-1"])
    told.event(order, "return_started", "collecting > returning", job="job-7a-4")
    told.wait(10).move("bnk-1", "courier/cou-2", "slot/cab-1/2", "hand").tell("hold", "cab-1", 2, None)
    told.tell("job", "job-7a-4", order, "back", "returned", "cou-2", ("bnk-1",), ("bnk-1",))
    told.event(order, "bank_returned", "returning", bank="bnk-1", cabinet="cab-1", slot=2)
    told.event(order, "return_success", "returning", job="job-7a-4", banks=["bnk-1"], evidence="cabinet")
    told.event(order, "settled", "returning > settled", reason=None).event(order, "fees_booked", "settled")
    told.line(order, "courier_out", "job-7a-2", (5, 8), 350)
    told.line(order, "rental", "bnk-1", (8, 13), 800)
    return told.line(order, "courier_back", "job-7a-4", (13, 17), 400)


def walk_up_rental() -> Stream:
    """Return a whole rental by somebody who takes bnk-1 from cab-1 and puts it back an hour later."""
    told, order = Stream(), "ord-9b"
    told.tell("bank", "bnk-1", "slot/cab-1/1").tariff().order(order, walk_up=True)
    told.event(order, "placed", "nothing > reserving").command("cmd-9b-1", "reserve_banks", "rsv-9b-1", 1)
    told.tell("hold", "cab-1", 1, "rsv-9b-1")
    told.event(order, "unlock_ordered", "reserving > unlocking").command(
        "cmd-9b-2", "eject_banks", "rsv-9b-1", 2
    )
    told.eject("bnk-1", 1, "rsv-9b-1", "cmd-9b-2", 2).tell("hold", "cab-1", 1, None)
    told.ejected(order, "unlocking")
    told.event(order, "unlocked", "unlocking > in_use").move("bnk-1", "tray/cab-1", "user/usr-1", "hand")
    told.wait(60).move("bnk-1", "user/usr-1", "slot/cab-1/1", "hand")
    told.event(order, "bank_returned", "in_use", bank="bnk-1", cabinet="cab-1", slot=1)
    told.event(order, "settled", "in_use > settled").event(order, "fees_booked", "settled")
    return told.line(order, "rental", "bnk-1", (3, 5), 400)
