"""Mistakes planted where times are told and fees are computed from them."""

from tests.mutants.mutant import COURIER, PLATFORM, PROTOCOL, Mutant

MONEY = (
    Mutant(
        "arrival-time-instead-of-event-time",
        "what a cabinet reports late is billed until it was heard",
        f"{PLATFORM}/region.py",
        "        when = cabinet.clock.correct(time, incoming.received_ms, lean)",
        "        when = Corrected(incoming.received_ms, ClockState.SYNCED if lean else time)",
        "network",
    ),
    Mutant(
        "arrival-time-of-phones",
        "what a courier's phone reports late counts from when it was heard",
        f"{COURIER}/region.py",
        "            turn.fact = _placed(known.clock, incoming)",
        "            turn.fact = _placed(known.clock, incoming)\n"
        "            turn.fact = type(turn.fact)(incoming.received_ms, type(turn.fact.state).SYNCED)",
        "network",
    ),
    Mutant(
        "arrival-time-of-courier-platforms",
        "what a courier platform reports late counts from when it was heard",
        f"{PLATFORM}/region.py",
        "        said = Corrected(min(message.time, incoming.received_ms), message",
        "        said = Corrected(incoming.received_ms, message",
    ),
    Mutant(
        "couriers-paid-from-the-request",
        "a courier is paid from when a courier was asked for, and not from taking the job",
        f"{PLATFORM}/handlers_delivery.py",
        "    happened = (ev.Indicated if outward",
        "    if outward:\n        when = Corrected(leg.requested_ms, when.state)\n"
        "    happened = (ev.Indicated if outward",
        "none",
    ),
    Mutant(
        "wall-time-believed",
        "what a device's wall clock says is billed",
        f"{PROTOCOL}/clock_map.py",
        "                return _mapped(time.uptime_ms, offsets, latest_ms, lean)",
        "                return Corrected(time.wall_ms, ClockState.SYNCED)",
        "clocks",
    ),
    Mutant(
        "float-money",
        "fees are computed by the share of a unit and rounded",
        f"{PLATFORM}/tariff.py",
        "        return units_begun(duration_ms, self.unit_minutes * MINUTE_MS) * self.price_minor",
        "        return round(duration_ms / (self.unit_minutes * MINUTE_MS) * self.price_minor)",
        "none",
    ),
    Mutant(
        "cap-ignored",
        "a day costs more than its cap",
        f"{PLATFORM}/tariff.py",
        "        if self.cap_per_24h_minor is None:\n            return self._units_minor(duration_ms)",
        "        if self.cap_per_24h_minor is not None:\n            return self._units_minor(duration_ms)",
        "none",
    ),
    Mutant(
        "free-minutes-as-discount",
        "the free minutes are taken off a long rental",
        f"{PLATFORM}/tariff.py",
        "        amount_minor = self._uncapped_minor(duration_ms)",
        "        amount_minor = self._uncapped_minor(duration_ms - self.free_minutes * MINUTE_MS)",
        "none",
    ),
    Mutant(
        "dawdling-pays",
        "a courier is paid for every minute",
        f"{PLATFORM}/tariff.py",
        "        minutes = min(units_begun(duration_ms, MINUTE_MS), self.promised_minutes)",
        "        minutes = units_begun(duration_ms, MINUTE_MS)",
        "people",
    ),
    Mutant(
        "rental-begins-in-the-cabinet",
        "the user pays from the moment the bank left the cabinet",
        f"{PLATFORM}/order_spans.py",
        "            yield Span(FeeKind.RENTAL, track.bank, track.rented, track.ended)",
        "            yield Span(FeeKind.RENTAL, track.bank, track.ejected or track.rented, track.ended)",
        "none",
    ),
    Mutant(
        "no-re-rating",
        "what is heard after the settlement changes no bill",
        f"{PLATFORM}/taking_back.py",
        "        ending.book(turn, ending.note_returns(turn, order))",
        "        ending.note_returns(turn, order)",
        "worst,courier_lies=10,cancel=0.5",
    ),
    Mutant(
        "corrections-overwrite",
        "a corrected line is added and the wrong one is left standing",
        f"{PLATFORM}/fees.py",
        "        added.append(_reversal(line))",
        "        del line",
        "worst,courier_lies=10,cancel=0.5",
    ),
    Mutant(
        "rental-ends-with-the-return",
        "the user pays for the courier's way back",
        f"{PLATFORM}/evolve_return.py",
        "    ended = stamp.mark if leg is None or leg.called is None or left else leg.called\n"
        "    for bank in happened.banks:",
        "    ended = stamp.mark\n    for bank in happened.banks:",
        "none",
    ),
)
