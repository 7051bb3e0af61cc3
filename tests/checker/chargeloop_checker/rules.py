"""Every rule, by its name: the subject it belongs to, and what it says."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "record": "Every record has a known kind and its columns, and the stream ends with `end`.",
        "record.healed": "After the healing no fault is injected any more.",
        # Banks and motors.
        "ledger.place": "A bank is in one place: it exists once, and every move starts where it is.",
        "ledger.room": "A slot holds at most one bank.",
        "ledger.hands": "Motors push banks into the tray, hands take and put them, and only force does more.",
        "motors.moved": "A motor finds the bank that stands in its slot, and what it moved is moved once.",
        "motors.once": "A motor runs at most once for a reservation, epoch and bank in a slot.",
        "motors.quantity": "No more banks come out for a reservation than the order asked for.",
        "motors.late": "The first motor of a command runs before the command expires.",
        "motors.command": "A motor runs only for a reservation, and by a command, that its cabinet was sent.",
        "motors.held": "A motor runs only in a slot that is kept for its reservation.",
        "motors.epoch": "No motor runs by a command that is older, by its epoch, than one before it.",
        "keypads.locked": "After five wrong codes a keypad takes none for ten minutes.",
        "holds.taken": "A slot passes from one reservation to another only when the first one is over.",
        "holds.end": "At the end no slot is kept for an order that is over.",
        "holds.released": "An order that ends has given back, or asked back, every reservation it asked for.",
        # Orders and money.
        "orders.placed": "An order is placed once, and its journal begins with that.",
        "orders.moves": "An order moves only as its table says, and what is final stays so.",
        "orders.numbers": "The entries of an order's journal are numbered from 1 without gaps.",
        "orders.times": "Nothing happened later than it was heard of.",
        "orders.holder": "A bank that is out is answered for by one open order.",
        "orders.recall": "An order that was called off ends when its couriers are accounted for.",
        "orders.end": "At the end every order is final.",
        "rentals.overlap": "No two orders charge for one bank at the same time.",
        "fees.tariff": "A version of a tariff has one content, and a line names that of its order.",
        "fees.amount": "The amount of a line is its tariff's rule applied to its two times.",
        "fees.cap": "A courier's fee never exceeds what the tariff promises, and no fee is negative.",
        "fees.events": "A line names two events of its order's journal with their times and qualities.",
        "fees.reversal": "A reversal takes back one line of its order in full, once.",
        "fees.spans": "The standing lines are those that follow from the order's journal.",
        "fees.nothing": "An order none of whose banks reached its user costs nothing.",
        "truth.left": "Nobody is charged for a bank that was in cabinets all the time.",
        "truth.held": "Nobody is charged for longer than the bank was out of the cabinets.",
        "truth.hidden": "Nobody is charged too much for a bank that force or a sensor hid from its cabinet.",
        "truth.told": "What left a cabinet for an order, and came back, stands in its journal in the end.",
        # Delivery from one participant to the other.
        "journals.entries": "A device numbers the entries of a journal from 1 without gaps.",
        "journals.took": "A service takes each entry of a journal once, in the order of its numbers.",
        "journals.exists": "A service takes only entries that a device has written.",
        "journals.mark": "What a service has committed never goes back, and covers what it took.",
        "journals.acked": "A sender is told no more than what is committed.",
        "journals.puback": "The broker is told of an entry when it is committed, or refused as a gap.",
        "journals.skipped": "Entries are passed over only as messages are put into quarantine.",
        "journals.end": "At the end every entry of every device's journal has been committed.",
        "commands.content": "A command has one content.",
        "commands.epoch": "The epochs of a cabinet's commands rise.",
        "commands.outcome": "A command that exists ends in one way, told the same each time.",
        "commands.late": "A cabinet obeys no command at or after its expiry.",
        "commands.older": "A cabinet obeys no command that is older than one it has answered.",
        "presence.epoch": "A service never goes back to an older connection of a device.",
        "presence.online": "A connection that ended does not come to life again.",
        # Services.
        "services.poison": "A message that nobody can take ends in quarantine.",
        "services.rebuilt": "What a service rebuilds from its store is what it had in memory.",
        "services.empty": "At the end no message waits anywhere.",
        "requests.same": "A request gets one answer, the same each time.",
        "requests.answered": "At the end every request has an answer.",
        # Jobs and offers.
        "delivery.job": "A job moves only as its table says, and belongs to an order that was placed.",
        "delivery.banks": "What was taken and put back for a job is never forgotten.",
        "delivery.courier": "A job has a courier while one is at work on it, and one accepted offer at most.",
        "delivery.offer": "An offer moves only as its table says, and is of one job to one courier.",
        "delivery.waiting": "A courier has at most one open offer.",
    }
)
