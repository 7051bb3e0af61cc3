"""Time on the wire: RFC 3339 with a zone, milliseconds inside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.protocol.time import MAX_INSTANT_MS, InvalidTimeError, format_instant, parse_instant

NOON_MS = 1_795_435_200_000
instants = st.integers(0, MAX_INSTANT_MS)


@given(instants)
def test_an_instant_survives_the_wire(instant_ms: int) -> None:
    assert parse_instant(format_instant(instant_ms)) == instant_ms


@given(instants, st.integers(-23 * 60, 23 * 60))
def test_the_same_instant_in_any_zone_is_the_same(instant_ms: int, zone_minutes: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant_ms)
    try:
        local = moment.astimezone(timezone(timedelta(minutes=zone_minutes)))
    except OverflowError:  # beyond what the standard library can write, not what we can read
        return
    assert parse_instant(local.isoformat(timespec="milliseconds")) == instant_ms


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23t12:00:00.000z",
        "2026-11-23T12:00:00.0009Z",  # finer digits are cut off
        "2026-11-23T13:00:00+01:00",
        "2026-11-23T07:00:00.000-05:00",
        "2026-11-23T17:45:00.0+05:45",
    ],
)
def test_ways_to_write_noon(text: str) -> None:
    assert parse_instant(text) == NOON_MS


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-23", "2026-11-23T12:00:00", "2026-11-23 12:00:00Z", "20261123T120000Z",
        "2026-11-23T12:00Z", "2026-13-01T12:00:00Z", "2026-02-30T12:00:00Z", "2026-11-23T24:00:00Z",
        "2026-11-23T12:00:60Z", "2026-11-23T12:00:00.Z", "2026-11-23T12:00:00.0000000000Z",
        "1969-12-31T23:59:59.999Z", "-2026-11-23T12:00:00Z", "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-01:00", "2026-11-23T12:00:00Z\n", "\u0662026-11-23T12:00:00Z",
        "2026-11-23T12:00:00+24:00", "2026-11-23T12:00:00+00:60",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidTimeError):
        parse_instant(text)


@pytest.mark.parametrize("instant_ms", [-1, MAX_INSTANT_MS + 1])
def test_what_rfc_3339_cannot_write_is_refused(instant_ms: int) -> None:
    with pytest.raises(InvalidTimeError):
        format_instant(instant_ms)
