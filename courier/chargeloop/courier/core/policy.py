"""Every duration and limit of dispatch in one place, each with its reason."""

from dataclasses import dataclass

from chargeloop.protocol.time import HOUR_MS, MINUTE_MS, SECOND_MS


@dataclass(frozen=True, slots=True)
class DispatchPolicy:
    """How jobs are offered, how long silence is borne, and what is kept.

    The numbers of offers and rounds are the defaults of a large open ride-hailing stack (offers to 5 to 10
    drivers at once, an offer lives 25 s, the search gives up after 180 s, three missed offers in a row end
    the duty). The radius starts at 800 m and not at 400 m, as couriers are fewer than taxis, and grows
    until a whole city is covered.
    """

    offers_per_round: int = 5
    offer_life_ms: int = 25 * SECOND_MS
    first_radius_m: int = 800
    radius_growth: int = 2
    largest_radius_m: int = 12_800
    # Nobody is free: look again so soon. Shorter than an offer's life, so that a courier who becomes free
    # is asked at once, as seen by a person.
    retry_ms: int = 5 * SECOND_MS
    give_up_offering_ms: int = 180 * SECOND_MS
    missed_offers_limit: int = 3
    # Less than the interval in which leases are sent again, so this notice is sent once: a phone that
    # misses it and accepts late is answered anyway.
    notice_life_ms: int = 3 * SECOND_MS

    # More than one job at a time would let an order wait for another one's user.
    jobs_per_courier: int = 1
    # A phone that has said nothing for so long is not offered anything: six positions of 15 s were lost in
    # a row.
    presence_lease_ms: int = 90 * SECOND_MS
    # From the end of the presence lease (or the last will) on. Without banks another courier can do the
    # job, and the user waits: a tunnel or a dead battery is borne, no more. With banks nobody else can do
    # it.
    reassign_after_ms: int = 5 * MINUTE_MS
    banks_lost_after_ms: int = 2 * HOUR_MS
    # However a job is stuck, its end is told after so long; the longest delivery of a real day takes 2 hours.
    job_limit_ms: int = 8 * HOUR_MS

    # Four digits have 10,000 values: five guesses find one in 2,000 jobs.
    wrong_codes_limit: int = 5
    # Ended jobs are kept in memory so long, to answer late acts; a phone may be without network for some
    # hours.
    ended_kept_ms: int = 12 * HOUR_MS

    def radius_m(self, round_number: int) -> int:
        """Return the search radius of a round, counted from 0."""
        # The growth is cut off before the power is taken: a job may see many rounds.
        radius_m = self.first_radius_m
        for _ in range(round_number):
            if radius_m >= self.largest_radius_m:
                break
            radius_m *= self.radius_growth
        return min(radius_m, self.largest_radius_m)
