"""A table of which only the visible lines are drawn, so that thousands of lines cost no more than twenty."""

from collections.abc import Sequence
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from chargeloop.cli.top.views import Column, Row, Sorting

_GAP: Final = 2
_WIDEST: Final = 30
_TITLE: Final = Style(bold=True)
_SORTED: Final = Style(bold=True, underline=True)


class Grid(ScrollView, can_focus=True):
    """Shows rows beneath a line of titles that stays where it is."""

    DEFAULT_CSS = "Grid { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._columns: Sequence[Column] = ()
        self._rows: Sequence[Row] = ()
        self._sorting = Sorting()
        self._widths: list[int] = []

    def show(self, columns: Sequence[Column], rows: Sequence[Row], sorting: Sorting) -> None:
        """Show these rows in the place of those before; the scroll position stays."""
        self._columns, self._rows, self._sorting = columns, rows, sorting
        self._widths = [
            min(_WIDEST, max([len(_title(column, index, sorting)), *(len(row[index].text) for row in rows)]))
            for index, column in enumerate(columns)
        ]
        width = sum(self._widths) + _GAP * max(0, len(columns) - 1)
        self.virtual_size = Size(width, len(rows) + 1)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        scroll_x, scroll_y = self.scroll_offset
        if y == 0:
            segments = self._title_line()
        elif scroll_y + y - 1 < len(self._rows):
            segments = self._row_line(self._rows[scroll_y + y - 1])
        else:
            segments = []
        width = self.scrollable_content_region.width
        strip = Strip(segments).crop(scroll_x, scroll_x + width)
        return strip.extend_cell_length(width, self.rich_style).apply_style(self.rich_style)

    def _title_line(self) -> list[Segment]:
        titles = [_title(column, index, self._sorting) for index, column in enumerate(self._columns)]
        styles = [_SORTED if index == self._sorting.column else _TITLE for index in range(len(titles))]
        return self._line(titles, styles)

    def _row_line(self, row: Row) -> list[Segment]:
        return self._line([cell.text for cell in row], [Style.parse(cell.style) for cell in row])

    def _line(self, texts: Sequence[str], styles: Sequence[Style]) -> list[Segment]:
        segments = []
        for text, style, column, width in zip(texts, styles, self._columns, self._widths, strict=True):
            shown = text if len(text) <= width else f"{text[: width - 1]}…"
            padded = shown.rjust(width) if column.is_number else shown.ljust(width)
            segments += [Segment(padded, style), Segment(" " * _GAP)]
        return segments


def _title(column: Column, index: int, sorting: Sorting) -> str:
    if index != sorting.column:
        return column.title
    return f"{column.title}{'▼' if sorting.is_down else '▲'}"
