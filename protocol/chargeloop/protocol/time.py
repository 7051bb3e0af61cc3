"""Time: UTC in integer milliseconds inside, RFC 3339 with milliseconds on the wire."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The last instant RFC 3339 can write with a four-digit year.
MAX_INSTANT_MS = (datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC) - _EPOCH) // timedelta(
    milliseconds=1
)
_MILLISECOND = timedelta(milliseconds=1)
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


class InvalidTimeError(ValueError):
    """The text is not an RFC 3339 time with a zone."""


def format_instant(instant_ms: int) -> str:
    """Return `2026-11-23T12:00:00.000Z` for milliseconds since 1970 (0 to year 9999).

    Raises:
        InvalidTimeError: the instant is outside that range.
    """
    if not 0 <= instant_ms <= MAX_INSTANT_MS:
        message = f"instant {instant_ms} ms is outside 1970 to 9999"
        raise InvalidTimeError(message)
    day, within_ms = divmod(instant_ms, DAY_MS)
    minutes, second_ms = divmod(within_ms, MINUTE_MS)
    return (
        f"{_date(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{second_ms // 1000:02d}.{second_ms % 1000:03d}Z"
    )


@lru_cache(maxsize=64)
def _date(day: int) -> str:
    """Return the date so many days after 1970-01-01; times of a day follow from it by division alone."""
    return f"{_EPOCH + timedelta(days=day):%Y-%m-%d}"


def parse_instant(text: str) -> int:
    """Return milliseconds since 1970 UTC of an RFC 3339 time; finer digits are cut off.

    A zone is required: a time without one cannot be placed. A leap second (:60) is refused, as most clocks
    never show it.

    Raises:
        InvalidTimeError: not RFC 3339, an impossible date, or before 1970.
    """
    if _RFC3339.fullmatch(text) is None:
        message = f"{text!r} is not an RFC 3339 time with a zone, such as 2026-11-23T12:00:00.000Z"
        raise InvalidTimeError(message)
    try:
        moment = datetime.fromisoformat(text.upper())
        instant_ms = (moment - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is not a possible time: {error}"
        raise InvalidTimeError(message) from None
    if not 0 <= instant_ms <= MAX_INSTANT_MS:
        message = f"{text!r} is outside 1970 to 9999"
        raise InvalidTimeError(message)
    return instant_ms
