"""Limits that both brokers keep."""

from typing import Final

from chargeloop.protocol.codec import MAX_BYTES

# The largest message our codec takes, and room for the topic, the headers and the credentials of a CONNECT
# with a last will. A message that is a little too large still arrives, so that it is seen in quarantine.
MAX_PACKET_BYTES: Final = MAX_BYTES + 1024

# What may wait for the session of a client that is away; more is dropped, and sent again by its sender.
MAX_QUEUED_MESSAGES: Final = 20_000
