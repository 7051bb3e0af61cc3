"""What a demo says while it plays: the events that people care about, in words."""

import io

import pytest
from rich.console import Console

from chargeloop.broker.clock import ScaledClock
from chargeloop.cli.progress import LiveProgress, PlainProgress, tell
from chargeloop.protocol.codec import encode, seal
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import BankId, OrderId
from chargeloop.protocol.messages.cabinet import BankEjected, BankReturned, CabinetReason, EjectFailed
from chargeloop.protocol.messages.rental import OrderMoved, OrderState
from chargeloop.protocol.time import parse_instant

CLOCK = ScaledClock(
    real_origin_ms=2**45, origin_ms=parse_instant("2026-06-01T08:00:00.000Z"), speed=1.0
)  # a world that has not begun, so its time stands still
BANK, ORDER = BankId("bnk-1"), OrderId("ord-1")


class Heard:
    """Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.states: dict[str, OrderState] = {}

    def say(self, text: str) -> None:
        self.lines.append(text)

    def moved(self, order: str, state: OrderState) -> None:
        self.states[order] = state


def moved(event: str, before: OrderState | None, after: OrderState, reason: str | None = None) -> OrderMoved:
    return OrderMoved(order=ORDER, event=event, from_state=before, to_state=after, reason=reason)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (BankEjected(slot=1, bank=BANK), "cab-1 gave out bnk-1 from slot 1"),
        (BankReturned(slot=2, bank=BANK), "cab-1 took bnk-1 into slot 2"),
        (
            EjectFailed(slot=3, bank=BANK, reason=CabinetReason.JAM),
            "cab-1 slot 3 jammed: bnk-1 did not come out",
        ),
        (
            moved("first_indication", OrderState.DISPATCHING, OrderState.FETCHING),
            "ord-1 taken by a courier, now fetching",
        ),
        (moved("settled", OrderState.RETURNING, OrderState.SETTLED), "ord-1 settled"),
        (
            moved("failed", OrderState.RESERVING, OrderState.FAILED, "no courier was free"),
            "ord-1 failed (no courier was free)",
        ),
        (
            moved("cancelled", OrderState.FETCHING, OrderState.CANCELLED, "\u202enuf"),
            r"ord-1 cancelled (\u202enuf)",
        ),
        (moved("problem_reported", OrderState.FETCHING, OrderState.FETCHING), "ord-1 problem reported"),
    ],
)
def test_news_becomes_a_line(data: Data, line: str) -> None:
    heard = Heard()
    envelope = seal(data, id="m-1", source="rental/rnt-main", time=0)
    tell(heard, "cl/v1/demo/cabinet/cab-1/event", encode(envelope))
    assert heard.lines == [line]


def test_what_moves_nothing_and_what_cannot_be_read_is_not_told() -> None:
    heard = Heard()
    quiet = moved("reservation_asked", OrderState.RESERVING, OrderState.RESERVING)
    tell(heard, "cl/v1/demo/order/ord-1/event", encode(seal(quiet, id="m", source="rental/rnt-main", time=0)))
    tell(heard, "cl/v1/demo/order/ord-1/event", b"{")
    assert heard.lines == []
    assert heard.states == {"ord-1": OrderState.RESERVING}


def test_plain_progress_prints_lines_with_the_world_s_time() -> None:
    out = io.StringIO()
    PlainProgress(Console(file=out), CLOCK).say("usr-1 [ordered] 2")
    assert out.getvalue() == "08:00:00 usr-1 [ordered] 2\n"


def test_live_progress_counts_orders_by_state_and_keeps_the_latest_lines() -> None:
    live = LiveProgress(CLOCK, 3)
    live.moved("ord-1", OrderState.SETTLED)
    live.moved("ord-2", OrderState.FETCHING)
    live.moved("ord-2", OrderState.DELIVERING)
    for number in range(30):
        live.say(f"line {number}")
    shown = drawn(live)
    assert "08:00:00, 2 of 3 orders placed" in shown
    assert "1/3" in shown
    assert "delivering" in shown
    assert "fetching" not in shown
    assert "line 29" in shown
    assert "line 3\n" not in shown


def drawn(live: LiveProgress, height: int = 25) -> str:
    out = io.StringIO()
    Console(file=out, width=80, height=height).print(live)
    return out.getvalue()


def test_live_progress_fits_the_terminal_and_keeps_its_head() -> None:
    live = LiveProgress(CLOCK, 100, head=("the door", "the window"))
    for number, state in enumerate(OrderState):
        live.moved(f"ord-{number}", state)
    for number in range(100):
        live.say(f"line {number}")
    for height in (24, 40):
        lines = drawn(live, height).splitlines()
        assert lines[:2] == ["the door", "the window"]
        assert len(lines) < height
        assert "line 99" in lines[-1]


def test_nothing_of_the_head_is_cut_and_the_rest_keeps_to_what_room_it_leaves() -> None:
    long = f"the window  ./run top --data /tmp/{'x' * 90}"
    live = LiveProgress(CLOCK, None, head=("the door", long))
    for number in range(100):
        live.say(f"line {number}")
    lines = drawn(live, 24).splitlines()
    assert "".join(line.strip() for line in lines[1:4]).replace(" ", "").startswith(long.replace(" ", ""))
    assert "…" not in "".join(lines)
    assert len(lines) < 24
    assert "line 99" in lines[-1]


def test_live_progress_without_an_end_has_no_bar() -> None:
    live = LiveProgress(CLOCK, None)
    live.moved("ord-1", OrderState.SETTLED)
    shown = drawn(live)
    assert "08:00:00, 1 orders placed" in shown
    assert "orders ended" not in shown
