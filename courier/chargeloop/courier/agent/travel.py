"""How long a way takes and where the courier is on it."""

import math
from dataclasses import dataclass

from chargeloop.courier.agent.profile import Profile
from chargeloop.protocol.geo import Plane, Point, distance_m
from chargeloop.protocol.time import MINUTE_MS, SECOND_MS


@dataclass(frozen=True, slots=True)
class Journey:
    """One way, from a place and an instant to a place and an instant (ms since 1970 UTC)."""

    start: Point
    end: Point
    begins_ms: int
    arrives_ms: int

    def at(self, now_ms: int) -> Point:
        """Return where the courier is at that instant: on the straight line, in proportion to the time."""
        if now_ms >= self.arrives_ms:
            return self.end
        part = max(0, now_ms - self.begins_ms) / (self.arrives_ms - self.begins_ms)
        return Point(
            round(self.start.lat_e7 + part * (self.end.lat_e7 - self.start.lat_e7)),
            round(self.start.lon_e7 + part * (self.end.lon_e7 - self.start.lon_e7)),
        )


def travel_ms(profile: Profile, start: Point, end: Point, origin: Point) -> int:
    """Return how long the courier needs; `origin` is that of the plane the whole-minute rule measures on."""
    if profile.metres_per_minute_ceil is not None:
        plane = Plane(origin)
        metres = math.dist(plane.xy_m(start), plane.xy_m(end))
        # Coordinates are whole 1e-7 degrees, so a distance that was a whole number of minutes may come back
        # longer by a centimetre or two: that must not cost a minute.
        minutes = math.ceil((metres - 0.05) / profile.metres_per_minute_ceil)
        whole_ms = max(0, minutes) * MINUTE_MS
    elif profile.speed_m_per_s is not None:
        whole_ms = round(distance_m(start, end) / profile.speed_m_per_s * SECOND_MS)
    else:
        raise ValueError("a profile has a rule of travel")
    return round(whole_ms * profile.slow_factor)


def journey(profile: Profile, start: Point, end: Point, origin: Point, now_ms: int) -> Journey:
    """Return the way that begins now."""
    return Journey(start, end, now_ms, now_ms + travel_ms(profile, start, end, origin))
