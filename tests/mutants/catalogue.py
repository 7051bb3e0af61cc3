"""Planted mistakes, each of which the checker must find: what is changed, where, and under which faults.

A mutant is a piece of text that stands exactly once in a file of the product, and what it is replaced by. A
test sees to it that every piece still stands there.
"""

from tests.mutants.desk import DESK
from tests.mutants.money import MONEY
from tests.mutants.mutant import BROKER, COURIER, PLATFORM, PROTOCOL, SIMULATION, STATION, Mutant

CATALOGUE = (
    # Delivery: inbox, outbox, window, journals.
    Mutant(
        "acknowledge-before-commit",
        "the round tells the broker before its transaction is durable",
        f"{SIMULATION}/service.py",
        """        self._maybe_killed("before the commit")
        batch = writer.take_batch()""",
        """        for outgoing, token in arrivals:
            self._acknowledge(outgoing, token)
        self._maybe_killed("before the commit")
        batch = writer.take_batch()""",
        "crashes",
    ),
    Mutant(
        "duplicates-taken",
        "an entry that was taken before takes effect again",
        f"{BROKER}/endpoint/inbox.py",
        "        if seq <= mark:\n            return Verdict.DUPLICATE",
        "        if seq < mark:\n            return Verdict.DUPLICATE",
        "network",
    ),
    Mutant(
        "gaps-taken",
        "an entry is taken although one before it is missing",
        f"{BROKER}/endpoint/inbox.py",
        "        if seq > mark + 1 and seq != kept_from:",
        "        if seq > mark + 2 and seq != kept_from:",
        "network",
    ),
    Mutant(
        "marks-in-memory-only",
        "what has been taken is not written with its effects",
        f"{BROKER}/endpoint/inbox.py",
        "        self._marks[source, journal] = changes.marks[source, journal] = seq",
        "        self._marks[source, journal] = seq",
        "crashes",
    ),
    Mutant(
        "acknowledges-one-too-many",
        "the sender is told that an entry is safe which has not been heard of",
        f"{BROKER}/endpoint/writer.py",
        "            taken = self._inbox.mark(source, journal)",
        "            taken = self._inbox.mark(source, journal) + 1",
        "network",
    ),
    Mutant(
        "requests-answered-anew",
        "a request that is repeated is carried out again",
        f"{BROKER}/endpoint/inbox.py",
        "        known = self._requests.get((row.source, row.id))\n        if known is not None:",
        "        known = self._requests.get((row.source, row.id))\n        if known is not None and known.fingerprint != row.fingerprint:",
        "network",
    ),
    Mutant(
        "replies-not-kept",
        "a repeated request is not answered any more",
        f"{BROKER}/endpoint/writer.py",
        "            for reply in self._inbox.replies(message.source, message.id):",
        "            for reply in self._inbox.replies(message.source, message.id)[1:]:",
        "network",
    ),
    Mutant(
        "no-resending-in-time",
        "an entry whose acknowledgement never comes is not sent again",
        f"{BROKER}/window.py",
        "        elif self.resend_at_ms is None:\n            self.resend_at_ms = now_ms",
        "        elif self.resend_at_ms is None and False:\n            self.resend_at_ms = now_ms",
        "network,loss=0.2",
    ),
    Mutant(
        "journal-forgotten-unacknowledged",
        "a device lets go of entries that nobody has",
        f"{SIMULATION}/disk.py",
        "            for number in range(self._acked + 1, seq + 1):\n                del self._entries[number]\n            self._acked = seq",
        "            for number in range(self._acked + 1, self.last_seq + 1):\n                del self._entries[number]\n"
        "            self._acked = seq = max(seq, self.last_seq)",
        "network",
    ),
    Mutant(
        "every-entry-the-first-one-kept",
        "devices claim of every entry that they have let go of all before it",
        f"{BROKER}/device/outbox.py",
        "        if self._window.is_marked(seq):\n            payload",
        "        if seq:\n            payload",
        "network",
    ),
    Mutant(
        "phones-let-entries-go",
        "phones claim of every entry that they have let go of all before it",
        f"{BROKER}/device/outbox.py",
        "        if self._window.is_marked(seq):\n            payload",
        "        if self._window.is_marked(seq) or self._client.startswith('cou-'):\n            payload",
        "network",
    ),
    Mutant(
        "quarantine-not-stored",
        "an unreadable message is acknowledged and gone",
        f"{BROKER}/endpoint/writer.py",
        "        self._batch.changes.quarantined.append(row)\n        self._batch.changes.urgent = True",
        "        self._batch.changes.urgent = True",
        "worst,poison=6",
    ),
    Mutant(
        "quarantine-for-cabinets-only",
        "an unreadable message is acknowledged and gone, unless it came from a cabinet",
        f"{BROKER}/endpoint/writer.py",
        "        self._batch.changes.quarantined.append(row)\n",
        '        if "/cabinet/" in topic_text:\n            self._batch.changes.quarantined.append(row)\n',
        "worst,poison=6",
    ),
    Mutant(
        "strangers-believed",
        "what somebody else says on a participant's topic counts",
        f"{BROKER}/intake.py",
        "    if not is_source(topic, message.source):",
        "    if not message.source:",
        "worst,poison=6",
    ),
    Mutant(
        "new-members-refused",
        "data with a member that nobody knows is no message",
        f"{PROTOCOL}/envelope.py",
        'extra="ignore", allow_inf_nan=False)\n\n    TYPE: ClassVar[str]',
        'extra="forbid", allow_inf_nan=False)\n\n    TYPE: ClassVar[str]',
    ),
    Mutant(
        "outgoing-entries-not-stored",
        "what was to be said to another platform is lost with the process",
        f"{BROKER}/endpoint/outbox.py",
        "        changes.entries.append(EntryRow(send.topic, seq, message_id, outgoing.payload.decode()))",
        "        del message_id",
        "crashes",
    ),
    # Commands and motors.
    Mutant(
        "no-epoch-check",
        "a cabinet obeys a command that is older than one it has answered",
        f"{STATION}/commands.py",
        "    elif command.epoch < _highest_epoch(turn, _about(command)):",
        "    elif command.epoch < 0:",
        "network,reorder=0.3,cancel=1",
    ),
    Mutant(
        "expiry-ignored",
        "a cabinet obeys a command whose time is over",
        f"{STATION}/commands.py",
        "    if expires_ms is None or turn.is_over(expires_ms):",
        "    if expires_ms is None:",
        "network,delay=0.3,loss=0",
    ),
    Mutant(
        "outcome-not-recorded",
        "a repeated command is judged anew",
        f"{STATION}/commands.py",
        "    recorded = turn.memory.outcomes.get(command_id)",
        "    recorded = None if turn.senses.clock_known else turn.memory.outcomes.get(command_id)",
        "network",
    ),
    Mutant(
        "releases-unanswered",
        "a cabinet tells no outcome of releases and locks",
        f"{STATION}/commands.py",
        "    if verdict is not None:\n        finished",
        "    if verdict is not None and not isinstance(command, cab.ReleaseReservation | cab.LockSlot):\n"
        "        finished",
    ),
    Mutant(
        "expiry-by-the-wall-clock",
        "a cabinet believes its own wall clock",
        f"{BROKER}/device/clock.py",
        "        return self.wall_ms() if self._learned is None else self._learned.offset_ms + self.uptime_ms()",
        "        return self.wall_ms()",
        "clocks,clock_wrong=1",
    ),
    Mutant(
        "epoch-of-commands-not-stored",
        "after a restart the platform counts its commands anew",
        f"{PLATFORM}/fleet.py",
        """        cabinet.epoch += 1
        self._change(cabinet)""",
        """        cabinet.epoch += 1""",
        "crashes,service_crash=0.02",
    ),
    Mutant(
        "pickup-continued-after-power-cut",
        "a motor that may have moved is run again",
        f"{STATION}/recovery.py",
        "        turn.change_slot(motor.slot, SlotEvent.INTERRUPTED)\n",
        "        turn.act(pickups.RunMotor(motor.slot, pickup.claim))\n        return\n",
        "power,power_cut=0.05",
    ),
    Mutant(
        "motor-before-memory",
        "a step's motors move before it is on the disk",
        f"{SIMULATION}/cabinet.py",
        "            at = self.clock.time()\n            self._may_fail(at_motor=at_motor)\n            self._write_step(step, at)",
        "            at = self.clock.time()\n            for act in step.acts:\n                if isinstance(act, RunMotor):\n"
        "                    self._turn(act)\n            self._may_fail(at_motor=at_motor)\n            self._write_step(step, at)",
        "power",
    ),
    Mutant(
        "lock-out-in-memory-only",
        "pulling the plug gives new tries at the keypad",
        f"{STATION}/recovery.py",
        "    turn.memory = replace(turn.memory, booted=True, stopped=False, restarting=None)",
        "    turn.memory = replace(\n        turn.memory, booted=True, stopped=False, restarting=None, keypad=type(turn.memory.keypad)()\n    )",
        "power,guess=20,power_cut=0.05",
    ),
    Mutant(
        "no-lock-out",
        "codes can be guessed without limit",
        f"{STATION}/keypad.py",
        "        return self.wrong_codes >= MAX_WRONG_CODES",
        "        return self.wrong_codes >= 100 * MAX_WRONG_CODES",
        "power,guess=10",
    ),
    # Reservations.
    Mutant(
        "hold-not-released",
        "an order that ends leaves its reservations at the cabinets",
        f"{PLATFORM}/ending.py",
        "def _closed(turn: Turn, order: Order, reason: str) -> Order:\n    order = holds.release_all(turn, order)",
        "def _closed(turn: Turn, order: Order, reason: str) -> Order:",
        "people",
    ),
    Mutant(
        "release-written-down-only",
        "an order's journal says that a reservation was given up, and the cabinet is not told",
        f"{PLATFORM}/holds.py",
        "    command(turn, hold.cabinet, name, data, hold.until_ms + turn.policy.hold_grace_ms)",
        "    del data",
    ),
    Mutant(
        "release-comes-to-nothing",
        "a cabinet says that it has released a reservation, and keeps it",
        f"{STATION}/commands.py",
        "    turn.end_reservation(held, HoldEvent.RELEASED, cab.HoldEnd.RELEASED)\n    return DONE",
        "    del held\n    return DONE",
    ),
    Mutant(
        "hold-outlives-refusal",
        "a reservation whose answer never came is not given up",
        f"{PLATFORM}/handlers_cabinet.py",
        "    order = holds.release(turn, order, order.hold(hold.id) or hold)\n    holds.take_stock",
        "    holds.take_stock",
        "network",
    ),
    Mutant(
        "every-scan-an-order",
        "who scans a cabinet again when nothing seems to happen has two orders",
        f"{PLATFORM}/handlers_user.py",
        "        if same and not order.final and turn",
        "        if False and same and not order.final and turn",
        "people,double_scan=0.5",
    ),
    # Presence.
    Mutant(
        "will-without-epoch",
        "a last will that comes late switches a cabinet off",
        f"{PLATFORM}/fleet.py",
        "        if late or (same and online and not cabinet.online and cabinet.connection_epoch > 0):",
        "        if not late and same and online and not cabinet.online and cabinet.connection_epoch > 0:",
        "network",
    ),
    Mutant(
        "courier-will-without-epoch",
        "a last will that comes late puts a courier off line",
        f"{COURIER}/courier.py",
        '''    """Return the courier after a goodbye or last will; that of an older connection is ignored."""
    if connection_epoch < courier.connection_epoch:
        return courier''',
        '''    """Return the courier after a goodbye or last will; that of an older connection is ignored."""''',
        "network",
    ),
    *MONEY,
    *DESK,
    # Couriers.
    Mutant(
        "two-couriers-on-one-job",
        "an offer that was taken by another can still be accepted",
        f"{COURIER}/offering.py",
        "    _close_open(turn, job, OfferEvent.TAKEN_BY_ANOTHER)",
        "    del job",
        "people",
    ),
    Mutant(
        "hand-over-code-not-checked",
        "a courier's word is enough for a hand-over",
        f"{COURIER}/job.py",
        '        return hashlib.sha256(f"{self.id}:{code}".encode()).hexdigest() == self.handover_sha256',
        '        return bool(hashlib.sha256(f"{self.id}:{code}".encode()).hexdigest() and self.handover_sha256)',
        "people,courier_lies=10",
    ),
    Mutant(
        "acts-of-strangers",
        "what a courier says about somebody else's job counts",
        f"{COURIER}/job_decide.py",
        "    if act.courier != job.courier:",
        "    if act.courier != job.courier and isinstance(act, Leave):",
        "people,courier_lies=10",
    ),
    Mutant(
        "named-banks-believed",
        "a bank that a courier names counts although its cabinet has told which ones left",
        f"{PLATFORM}/hand_over.py",
        "        or (not leg.given and may_hold(turn, order, bank)",
        "        or (may_hold(turn, order, bank)",
        "people,misreads=0.2",
    ),
    Mutant(
        "misnamed-rentals-stay",
        "a rental of a bank that a courier misread does not go over to the one that left",
        f"{PLATFORM}/evolve_outward.py",
        "    order = order if leg.succeeded is None else _named_rightly(order, leg)\n",
        "",
        "network,misreads=0.5,partition=6,delay=0.1",
    ),
    Mutant(
        "states-said-once",
        "a device says that it is there when it connects, and never again",
        f"{BROKER}/device/outbox.py",
        "                batch += self._states.values()",
        "                pass",
        "worst,loss=0.1,operator_commands=20",
    ),
    Mutant(
        "motors-run-for-nothing",
        "a motor runs for a bank that was forced out, and the bank counts as given out",
        f"{STATION}/pickup.py",
        "        if turn.senses.reading(held.number) is not None:",
        "        if held.number:",
        "power,vandal=60",
    ),
    Mutant(
        "recalled-banks-forgotten",
        "an order that is called off ends while a courier still carries its banks",
        f"{PLATFORM}/ending.py",
        "    if order.state is OrderState.RECALLING and nothing_out and order.leg is None:",
        "    if order.state is OrderState.RECALLING:",
        "people,cancel=0.5",
    ),
    Mutant(
        "orders-wait-for-ever",
        "the deadlines of an order that changed are not watched",
        f"{PLATFORM}/turn.py",
        "        for name in (*self._touched, *self._looked_after):",
        "        for name in self._looked_after:",
        "worst",
    ),
    Mutant(
        "worn-out-by-a-restart",
        "a platform that was started again refuses every order",
        f"{PLATFORM}/handlers_user.py",
        "    quantity = _servable(turn, request)\n",
        """    quantity = _servable(turn, request)
    if turn.fleet._listening_since_ms > 1_780_293_605_000:
        quantity = refuse(RefusalCode.NO_CABINET_NEAR, "none")
""",
        "worst",
    ),
    Mutant(
        "half-of-the-hand-overs-ignored",
        "what couriers tell of hand-overs has no effect for half of the orders",
        f"{PLATFORM}/handlers_delivery.py",
        "    named = tuple(dict.fromkeys(said.banks))\n",
        """    named = tuple(dict.fromkeys(said.banks))
    if order.id[-1] in "02468ace":
        return
""",
        "worst",
    ),
    Mutant(
        "arrival-time-as-inferred",
        "what a cabinet tells is dated by its arrival, and called inferred",
        f"{PLATFORM}/region.py",
        "        when = cabinet.clock.correct(time, incoming.received_ms, lean)",
        "        when = Corrected(incoming.received_ms, ClockState.INFERRED)",
        "worst",
    ),
    Mutant(
        "slots-faulty-after-a-return",
        "a slot is out of order for good once a bank came back into it",
        f"{STATION}/returns.py",
        "    turn.change_slot(number, SlotEvent.BANK_READ, bank=reading.bank)\n",
        """    turn.change_slot(number, SlotEvent.BANK_READ, bank=reading.bank)
    spoilt = (replace(s, state=type(s.state).FAULTY) if s.number == number else s for s in turn.memory.slots)
    turn.memory = replace(turn.memory, slots=tuple(spoilt))
""",
        "people",
    ),
    Mutant(
        "priced-by-the-tariff-of-today",
        "an order is billed by the tariff in use when it is settled, not by its own",
        f"{PLATFORM}/ending.py",
        "    tariff = turn.memory.tariffs[order.tariff]\n",
        "    tariff = turn.memory.tariff\n",
        "worst",
    ),
)
