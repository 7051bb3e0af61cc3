"""What a person sees while a world plays, on standard error: a live table on a terminal, else lines."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Protocol

import aiomqtt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from chargeloop.broker import BrokerAddress, Credentials
from chargeloop.broker.clock import Clock
from chargeloop.cli import bars
from chargeloop.cli.listening import Ear, listen
from chargeloop.cli.news import news_of
from chargeloop.cli.visible import visible
from chargeloop.cli.words import in_words
from chargeloop.protocol.codec import Fault, decode
from chargeloop.protocol.messages.rental import OrderMoved, OrderState
from chargeloop.protocol.time import format_instant
from chargeloop.protocol.topics import TOPICS

_LINES_KEPT = 60
_LINES_LEAST = 4
# The title, the bar, and the line on which the cursor stands.
_OTHER_LINES = 4
_REFRESH_PER_SECOND = 8
_STYLES: Mapping[OrderState, str] = {
    OrderState.SETTLED: "green",
    OrderState.CANCELLED: "yellow",
    OrderState.FAILED: "red",
}
_ENDED = frozenset(_STYLES)


class Progress(Protocol):
    """Where news goes."""

    def say(self, text: str) -> None:
        """Show one line of news."""

    def moved(self, order: str, state: OrderState) -> None:
        """Note where an order stands."""


class PlainProgress:
    """Lines with the world's time, for files and pipes."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock

    def say(self, text: str) -> None:
        """Print the line."""
        self._console.print(
            f"{world_time(self._clock.now_ms())} {text}", highlight=False, markup=False, soft_wrap=True
        )

    def moved(self, order: str, state: OrderState) -> None:
        """Do nothing: the line has said it."""


class LiveProgress:
    """The latest lines and how many orders are in which state, drawn again and again in place.

    `head` stays on top; `expected` is how many orders there will be, None for no end of them.
    """

    def __init__(self, clock: Clock, expected: int | None, head: Sequence[str] = ()) -> None:
        self._clock = clock
        self._expected = expected
        self._head = head
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._states: dict[str, OrderState] = {}
        self._bar = RichProgress(*bars.columns())
        self._task = self._bar.add_task("orders ended", total=expected, note="")

    def say(self, text: str) -> None:
        """Keep the line among the latest."""
        self._lines.append(f"{world_time(self._clock.now_ms())} {text}")

    def moved(self, order: str, state: OrderState) -> None:
        """Note where an order stands."""
        self._states[order] = state

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what is drawn: no more than fits the terminal, the latest lines at the end."""
        counts = {state: list(self._states.values()).count(state) for state in OrderState}
        states = [(state, count) for state, count in counts.items() if count]
        table = Table(show_header=False, box=None, pad_edge=False)
        for state, count in states:
            style = _STYLES.get(state, "")
            table.add_row(
                Text(in_words(state), style=style),
                str(count),
                Text("■" * count, style=style or "cyan"),
            )
        # People copy what stands in it, so none of it is cut.
        head = Text("\n".join(self._head), overflow="fold")
        yield head
        yield Text(self._title(), style="bold")
        if self._expected is not None:
            self._bar.update(self._task, completed=sum(counts[state] for state in _ENDED))
            yield self._bar.get_renderable()
        yield table
        head_lines = len(head.wrap(console, options.max_width)) if self._head else 0
        taken = head_lines + len(states) + _OTHER_LINES
        room = max(_LINES_LEAST, (options.height or console.height) - taken)
        lines = list(self._lines)[-room:]
        yield Text("\n".join(lines), style="dim", no_wrap=True, overflow="ellipsis")

    def _title(self) -> str:
        of = "" if self._expected is None else f" of {self._expected}"
        return f"world time {world_time(self._clock.now_ms())}, {len(self._states)}{of} orders placed"


def world_time(instant_ms: int) -> str:
    """Return the hours, minutes and seconds of an instant, for people."""
    return format_instant(instant_ms)[11:19]


@contextlib.contextmanager
def shown(clock: Clock, expected: int | None, head: Sequence[str] = ()) -> Iterator[Progress]:
    """Show progress on standard error while the context lasts, alive when that is a terminal.

    `head` are lines that people need all the time; `expected` is how many orders there will be, None for no
    end of them.
    """
    console = Console(stderr=True)
    if not bars.on_terminal():
        plain = PlainProgress(console, clock)
        for line in head:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        yield plain
        return
    live = LiveProgress(clock, expected, head)
    with Live(live, console=console, refresh_per_second=_REFRESH_PER_SECOND, transient=True):
        yield live


@contextlib.asynccontextmanager
async def followed(
    progress: Progress, credentials: Credentials, broker: BrokerAddress
) -> AsyncIterator[None]:
    """Feed `progress` with the orders' and the cabinets' events, as an operator sees them."""
    task = asyncio.create_task(_follow(progress, credentials, broker))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(progress: Progress, credentials: Credentials, broker: BrokerAddress) -> None:
    region = credentials.region
    filters = (
        TOPICS["order_event"].topic(region, order="+"),
        TOPICS["cabinet_event"].topic(region, cabinet="+"),
    )

    def heard(message: aiomqtt.Message) -> None:
        tell(progress, str(message.topic), bytes(message.payload))

    # Progress may miss something, as it moves nothing; what is to be said of the broker others say.
    ear = Ear(filters, qos=0)
    await listen(credentials, lambda: broker, ear, heard=heard, link=lambda _: None, patient=True)


def tell(progress: Progress, topic: str, payload: bytes) -> None:
    """Say one message's news, when it has any for people."""
    envelope = decode(payload)
    if isinstance(envelope, Fault):
        return
    data = envelope.data
    if isinstance(data, OrderMoved):
        progress.moved(data.order, data.to_state)
    sentence = news_of(topic.split("/")[4], data)
    if sentence is not None:
        progress.say(visible(sentence))
