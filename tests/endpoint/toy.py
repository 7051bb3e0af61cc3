"""A small rental platform for tests: it writes down what reaches it and reacts to some of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from chargeloop.broker.endpoint import SqliteStore, Statement
from chargeloop.protocol.effects import Context, Effects, Incoming, Send
from chargeloop.protocol.ids import CommandId, IdKind, JobId, OrderId, derived_id
from chargeloop.protocol.messages.cabinet import (
    CommandFinished,
    KeypadLocked,
    Outcome,
    ReportInventory,
    SlotChanged,
)
from chargeloop.protocol.messages.delivery import DeliveryCancelled
from chargeloop.protocol.messages.rental import OrderState, PlaceOrder, RequestDone, UserOrders
from chargeloop.protocol.topics import TOPICS

REGION = "demo"
POISON_SLOT = 36
SCHEMA = "CREATE TABLE IF NOT EXISTS seen (source TEXT, seq INTEGER, id TEXT, type TEXT);"

Seen = tuple[str, int | None, str, str]


class ToyStore(SqliteStore[Seen]):
    """The toy's table: no key, so that a repeated effect shows."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, _statements)

    async def seen(self, type_name: str | None = None) -> list[Seen]:
        """Return what was written down, in order."""
        rows = await self.read("SELECT source, seq, id, type FROM seen ORDER BY rowid")
        return [(row[0], row[1], row[2], row[3]) for row in rows if type_name in {None, row[3]}]


def _statements(rows: Sequence[Seen]) -> Iterable[Statement]:
    if rows:
        yield "INSERT INTO seen VALUES (?, ?, ?, ?)", rows


class ToyCore:
    """Writes down every journal entry and request.

    A changed slot makes it ask for an inventory (a lease), a locked keypad makes it tell the courier
    platform (a journal); not so when it does not react. An order is answered (a reply) and shown to its user
    (a state). Slot 36 is its bug. It rings once `alarm_ms` has come.
    """

    def __init__(self, *, reacts: bool = True) -> None:
        self.received: list[Incoming] = []
        self.alarm_ms: int | None = None
        self.rang_ms: list[int] = []
        self._reacts = reacts

    def receive(self, incoming: Incoming, context: Context) -> Effects[Seen]:
        """Take one message."""
        message = incoming.message
        self.received.append(incoming)
        effects: Effects[Seen] = Effects()
        if incoming.topic.spec.name in {"cabinet_event", "user_request"}:
            effects.writes.append((message.source, message.seq, message.id, message.type))
        if isinstance(message.data, SlotChanged):
            self._changed(message.data, incoming, context, effects)
        elif isinstance(message.data, CommandFinished):
            effects.settled.append(message.data.command)
        elif isinstance(message.data, KeypadLocked) and self._reacts:
            effects.sends.append(report(message.seq or 0))
        elif isinstance(message.data, PlaceOrder):
            _order(message.data, message.id, effects)
        return effects

    def tick(self, context: Context) -> Effects[Seen]:
        """Ring."""
        self.rang_ms.append(context.now_ms)
        self.alarm_ms = None
        return Effects(writes=[("alarm", None, str(context.now_ms), "alarm")])

    def next_due_ms(self) -> int | None:
        """Return when to ring."""
        return self.alarm_ms

    def _changed(
        self, data: SlotChanged, incoming: Incoming, context: Context, effects: Effects[Seen]
    ) -> None:
        if data.slot == POISON_SLOT:
            raise RuntimeError("slot 36 is not there")
        if self._reacts:
            effects.sends.append(command(incoming.topic.owner, incoming.message.seq or 0, context.now_ms))


def command(cabinet: str, number: int, now_ms: int) -> Send:
    """Return a command that expires in a minute."""
    topic = TOPICS["cabinet_command"].topic(REGION, cabinet=cabinet)
    command_id = f"cmd-{cabinet}-{number}"
    return Send(topic, ReportInventory(epoch=number), id=command_id, expires_ms=now_ms + 60_000)


def report(number: int) -> Send:
    """Return an entry of the journal to the courier platform."""
    data = DeliveryCancelled(job=JobId(f"job-{number}"), reason="keypad locked")
    return Send(TOPICS["dispatch_request"].topic(REGION, dispatch="dsp-main"), data)


def finished(command_id: str) -> CommandFinished:
    """Return the outcome of a command."""
    return CommandFinished(command=CommandId(command_id), epoch=1, outcome=Outcome.DONE)


def _order(data: PlaceOrder, request: str, effects: Effects[Seen]) -> None:
    order = OrderId(derived_id(IdKind.ORDER, data.user, request))
    done = RequestDone(order=order, state=OrderState.RESERVING, quantity=data.quantity)
    replies = TOPICS["user_reply"].topic(REGION, user=data.user)
    orders = TOPICS["user_orders"].topic(REGION, user=data.user)
    effects.sends.append(Send(orders, UserOrders(version=1)))
    effects.sends.append(Send(replies, done, correlation_id=request))
