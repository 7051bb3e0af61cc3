"""No event is lost and no bank comes out twice: devices' journals against what the platforms have committed.

Like the other checks it reads files and tables by itself. A violation is a sentence.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chargeloop.cli.chaos.journals import JournalWatch, SeenJournal, by_source
from chargeloop.cli.truth import Truth


@dataclass(frozen=True, slots=True)
class Channel:
    """What one platform sends the other: the last number given out, acknowledged, committed there."""

    name: str
    last: int
    acked: int
    taken: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What both platforms' stores hold of journals, reservations and ejects.

    Attributes:
        marks: highest number committed, by source and journal.
        channels: from platform to platform.
        quantities: how many banks the order of each reservation wants, by reservation.
        orders: the order of each reservation.
        ejected: orders with the banks that left a cabinet for them, as their journals say.
        quarantined: what could not be taken, as sentences.
    """

    marks: Mapping[tuple[str, str], int]
    channels: Sequence[Channel]
    quantities: Mapping[str, int]
    orders: Mapping[str, str]
    ejected: frozenset[tuple[str, str]]
    quarantined: Sequence[str]


def violations(watch: JournalWatch, ledger: Ledger, truth: Truth) -> Iterator[str]:
    """Yield a sentence for everything that was lost, came twice or was refused."""
    yield from uncommitted(watch.journals, ledger.marks)
    yield from unfinished(ledger.channels)
    yield from gaps(watch.journals)
    yield from (f"{path} was found damaged" for path in watch.damaged())
    ejects = [Eject.of(journal, entry["data"]) for journal, entry in watch.entries("bank_ejected")]
    yield from ejected_twice(ejects, ledger)
    yield from unknown_ejects(ejects, ledger)
    yield from motors(ejects, truth, watch.journals)
    yield from ledger.quarantined


def uncommitted(journals: Sequence[SeenJournal], marks: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """Yield a sentence for each journal of which the platform has not committed everything, or more."""
    for journal in journals:
        mark = marks.get((journal.source, journal.journal), 0)
        if mark < journal.last:
            missing = f"entries {mark + 1} to {journal.last} of {journal.journal}"
            yield f"{journal.source}: {missing} are not committed"
        elif mark > journal.last:
            yield f"{journal.source}: {journal.journal} ends at {journal.last}, but {mark} is committed"


def gaps(journals: Sequence[SeenJournal]) -> Iterator[str]:
    """Yield a sentence for each journal with numbers missing between its entries."""
    for journal in journals:
        missing = sorted(set(range(journal.base + 1, journal.last + 1)) - set(journal.entries))
        if missing:
            yield f"{journal.source}: {journal.journal} has no entry {', '.join(map(str, missing))}"


def unfinished(channels: Sequence[Channel]) -> Iterator[str]:
    """Yield a sentence for each platform whose messages the other has not all taken."""
    for channel in channels:
        if not channel.last == channel.acked == channel.taken:
            yield (
                f"{channel.name}: {channel.last} were sent, {channel.taken} taken and"
                f" {channel.acked} acknowledged"
            )


@dataclass(frozen=True, slots=True)
class Eject:
    """A bank that left, as the journal of its cabinet says."""

    cabinet: str
    bank: str
    reservation: str | None

    @classmethod
    def of(cls, journal: SeenJournal, data: Mapping[str, Any]) -> "Eject":
        """Return what an entry of that type says."""
        return cls(journal.source, data["bank"], data.get("reservation"))


def ejected_twice(ejects: Sequence[Eject], ledger: Ledger) -> Iterator[str]:
    """Yield a sentence for each reservation that gave out one bank twice, or more banks than were wanted."""
    banks: dict[str, list[str]] = defaultdict(list)
    for eject in ejects:
        if eject.reservation is not None:
            banks[eject.reservation].append(eject.bank)
    for reservation, given in banks.items():
        for bank in sorted({bank for bank in given if given.count(bank) > 1}):
            yield f"bank {bank} was ejected {given.count(bank)} times for {reservation}"
        wanted = ledger.quantities.get(reservation)
        if wanted is not None and len(given) > wanted:
            yield f"{len(given)} banks were ejected for {reservation}, whose order wants {wanted}"


def unknown_ejects(ejects: Sequence[Eject], ledger: Ledger) -> Iterator[str]:
    """Yield a sentence for each bank that left a cabinet for an order that does not know of it."""
    for eject in ejects:
        order = None if eject.reservation is None else ledger.orders.get(eject.reservation)
        if order is None:
            yield f"{eject.cabinet} ejected {eject.bank} for {eject.reservation}, which no order knows"
        elif (order, eject.bank) not in ledger.ejected:
            yield f"{eject.cabinet} ejected {eject.bank} for {order}, whose journal does not say so"


def motors(ejects: Sequence[Eject], truth: Truth, journals: tuple[SeenJournal, ...]) -> Iterator[str]:
    """Yield a sentence for each bank that motors have pushed out more or fewer times than journals say.

    Of a cabinet whose entries were not all seen, only the motors that did too little can be told.
    """
    said = Counter((eject.cabinet.removeprefix("cabinet/"), eject.bank) for eject in ejects)
    unseen = {
        source.removeprefix("cabinet/")
        for source, of_source in by_source(journals).items()
        if any(len(journal.entries) < journal.last for journal in of_source)
    }
    for cabinet, bank in sorted({*said, *truth.pushed_out}):
        did = truth.pushed_out.get((cabinet, bank), 0)
        told = said[cabinet, bank]
        if did < told or (did > told and cabinet not in unseen):
            yield f"the motors of {cabinet} pushed {bank} out {did} times, its journal says {told} times"
