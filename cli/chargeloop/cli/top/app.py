"""The dashboard itself: it listens as an operator and draws what the board knows, twice a second."""

import asyncio
import signal
import time
from dataclasses import replace
from typing import ClassVar, Final

import aiomqtt
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Static

from chargeloop.broker import Credentials
from chargeloop.cli.errors import CommandError
from chargeloop.cli.listening import Ear, Link, Where, listen
from chargeloop.cli.top.board import Board
from chargeloop.cli.top.grid import Grid
from chargeloop.cli.top.views import COLUMNS, FIRST_SORTING, View, rows, summary
from chargeloop.protocol.time import format_instant
from chargeloop.protocol.topics import Role, subscriptions

_DRAW_S: Final = 0.5
_EVENTS_SHOWN: Final = 200
HELP: Final = """\
1 2 3 4   orders, cabinets, couriers, messages
tab       the next of them
s         sort by the next column
r         sort the other way round
/         show only lines with some text
escape    show all lines again
p         pause: the screen stands still, nothing is missed
arrows, page up, page down, home, end
          move in the table
q         quit

Colours: red is broken or offline, yellow needs a look.
'heard' is how long ago something came from there, in real
time; 'for' is how long an order has been in its state, in
the world's time.
"""


class Help(ModalScreen[None]):
    """The keys, over everything else until a key is pressed."""

    DEFAULT_CSS = """
    Help { align: center middle; }
    Help > Static { width: 64; height: auto; max-height: 100%; border: round $primary; padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        """Yield the text."""
        text = Static(HELP, markup=False)
        text.border_title = "keys"
        yield text

    def on_key(self) -> None:
        """Close at any key, once: more of them may be on their way."""
        if self.is_current:
            self.app.pop_screen()


class Top(App[None]):
    """A running city on one screen.

    Args:
        credentials: of an operator.
        where: tells where the broker listens now.
    """

    ENABLE_COMMAND_PALETTE = False
    TITLE = "chargeloop top"
    CSS = """
    Screen { layout: vertical; }
    #head, #summary, #views { height: auto; }
    #head { background: $primary; color: $text; }
    #summary { height: 4; }
    #views { background: $surface; }
    #filter { height: 1; border: none; padding: 0; display: none; }
    #filter.-open { display: block; }
    #body { height: 1fr; layout: vertical; }
    #events { height: 6; border-top: solid $primary; }
    #head, #summary, #views, #events { text-wrap: nowrap; text-overflow: ellipsis; }
    Screen.-wide #body { layout: horizontal; }
    Screen.-wide #table { width: 2fr; height: 1fr; }
    Screen.-wide #events { width: 1fr; height: 1fr; border-top: none; border-left: solid $primary; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (140, "-wide")]  # noqa: RUF012 - textual declares it as of the instance
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"view('{view}')", show=False) for number, view in enumerate(View, 1)),
        Binding("tab", "next_view", "next table", priority=True),
        Binding("s", "sort", "sort"),
        Binding("r", "reverse", "reverse"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("escape", "show_all", show=False),
        Binding("p", "pause", "pause"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "quit", "quit"),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, credentials: Credentials, where: Where) -> None:
        super().__init__()
        self.board = Board()
        self.failure: CommandError | None = None
        self.link: Link | None = None
        self._credentials = credentials
        self._where = where
        self._view = View.ORDERS
        self._sorting = dict(FIRST_SORTING)
        self._wanted = ""
        self._is_paused = False
        self._lost_s: float | None = None
        self._listening: asyncio.Task[None] | None = None

    def compose(self) -> ComposeResult:
        """Yield the parts of the screen from top to bottom."""
        yield Static(id="head", markup=False)
        yield Static(id="summary", markup=False)
        yield Static(id="views", markup=False)
        yield Input(placeholder="show only lines with …", id="filter", compact=True)
        with Vertical(id="body"):
            with Vertical(id="table"):
                yield Grid()
            yield Static(id="events", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to listen and to draw."""
        self.query_one(Grid).focus()
        self._listening = asyncio.create_task(self._listen())
        # Else the terminal would be left as it is now.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        self.set_interval(_DRAW_S, self.draw_unless_paused)
        self.draw()

    async def on_unmount(self) -> None:
        """Say goodbye to the broker."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        mine = self._credentials
        ear = Ear(subscriptions(Role.OPERATOR, mine.client, mine.region), qos=0)
        try:
            await listen(mine, self._where, ear, heard=self._hear, link=self._linked)
        except CommandError as error:
            self.failure = error
            self.exit()

    def _hear(self, message: aiomqtt.Message) -> None:
        self.board.take(
            str(message.topic), bytes(message.payload), now_s=time.monotonic(), retained=message.retain
        )

    def _linked(self, link: Link) -> None:
        self.link = link
        if link.trouble is None:
            self._lost_s = None
        elif self._lost_s is None:
            self._lost_s = time.monotonic()
        self.draw_head()

    # What is drawn.

    def draw_unless_paused(self) -> None:
        """Draw what has changed, or the head alone while paused."""
        if self._is_paused:
            self.draw_head()
        else:
            self.draw()

    def draw(self) -> None:
        """Draw everything."""
        self.draw_head()
        self.query_one("#summary", Static).update(_titled(summary(self.board)))
        self.query_one("#views", Static).update(self._views_line())
        sorting = self._sorting[self._view]
        shown = rows(self.board, self._view, time.monotonic(), sorting, self._wanted)
        self.query_one(Grid).show(COLUMNS[self._view], shown, sorting)
        self.query_one("#events", Static).update(self._events())

    def draw_head(self) -> None:
        """Draw the line on top: the region, the connection, the world's time, the rate of messages."""
        world_ms = self.board.world_ms
        world = "" if world_ms is None else f"  world {format_instant(world_ms)[11:19]}"
        rate = self.board.rate.per_second(time.monotonic())
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" {self._credentials.region}", "bold")
        text.append(world)
        text.append(f"  {rate:.0f} msg/s  ")
        text.append(*self._connection())
        if self._is_paused:
            text.append("  PAUSED: p goes on", "bold reverse")
        self.query_one("#head", Static).update(text)

    def _connection(self) -> tuple[str, str]:
        if self.link is None:
            return "connecting", ""
        if self.link.trouble is None:
            return f"broker {self.link.address}", ""
        since_s = time.monotonic() - (self._lost_s or 0.0)
        return f"BROKER GONE for {since_s:.0f} s, connecting again: {self.link.trouble}", "bold reverse"

    def _views_line(self) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        for number, view in enumerate(View, 1):
            text.append(f" {number} {view.value} ", "bold reverse" if view is self._view else "")
        if self._wanted:
            text.append(f"  only with '{self._wanted}' (escape: all)", "italic")
        return text

    def _events(self) -> Text:
        events = list(self.board.events)[-_EVENTS_SHOWN:]
        lines = [f"{format_instant(event.at_ms)[11:19]} {event.text}" for event in reversed(events)]
        return Text("\n".join(lines) or "nothing has happened yet", no_wrap=True, overflow="ellipsis")

    # What the keys do.

    def action_view(self, view: str) -> None:
        """Show another table."""
        self._view = View(view)
        self.query_one(Grid).scroll_home(animate=False)
        self.draw()

    def action_next_view(self) -> None:
        """Show the next table."""
        views = list(View)
        self.action_view(views[(views.index(self._view) + 1) % len(views)])

    def action_sort(self) -> None:
        """Sort by the next column."""
        sorting = self._sorting[self._view]
        following = (sorting.column + 1) % len(COLUMNS[self._view])
        self._sorting[self._view] = replace(sorting, column=following)
        self.draw()

    def action_reverse(self) -> None:
        """Sort the other way round."""
        sorting = self._sorting[self._view]
        self._sorting[self._view] = replace(sorting, is_down=not sorting.is_down)
        self.draw()

    def action_filter(self) -> None:
        """Ask for the text that lines must have."""
        field = self.query_one("#filter", Input)
        field.add_class("-open")
        field.value = self._wanted
        field.focus()

    def action_show_all(self) -> None:
        """Close the field and show all lines."""
        self.query_one("#filter", Input).value = ""
        self._close_filter("")

    def action_pause(self) -> None:
        """Let the screen stand still, or go on."""
        self._is_paused = not self._is_paused
        self.draw_unless_paused()

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while somebody types."""
        self._wanted = event.value.strip()
        self.draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go back to the table."""
        self._close_filter(event.value.strip())

    def _close_filter(self, wanted: str) -> None:
        self._wanted = wanted
        self.query_one("#filter", Input).remove_class("-open")
        self.query_one(Grid).focus()
        self.draw()


def _titled(lines: list[tuple[str, str]]) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for number, (title, line) in enumerate(lines):
        text.append("\n" if number else "")
        text.append(f" {title:<9}", "bold")
        text.append(line)
    return text


def run_top(credentials: Credentials, where: Where) -> int:
    """Show the dashboard until it is left, and return the exit code.

    Raises:
        CommandError: the broker does not let the operator in.
    """
    app = Top(credentials, where)
    app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0
