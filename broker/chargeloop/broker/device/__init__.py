"""What cabinets, phones, users and gateways stand on: a journal, a clock, a link to the broker."""

from chargeloop.broker.device.clock import DeviceClock
from chargeloop.broker.device.connection import answered, enter, leave
from chargeloop.broker.device.files import DeviceRunsError, DiskFailedError, alone_in, begin_boot
from chargeloop.broker.device.journal import Journal, JournalDamagedError
from chargeloop.broker.device.link import DeviceLink
from chargeloop.broker.device.outbox import LinkPolicy

__all__ = [
    "DeviceClock", "DeviceLink", "DeviceRunsError", "DiskFailedError", "Journal", "JournalDamagedError",
    "LinkPolicy", "alone_in", "answered", "begin_boot", "enter", "leave",
]  # fmt: skip
