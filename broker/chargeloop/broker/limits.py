"""Limits that both brokers keep."""

from typing import Final

from chargeloop.protocol.codec import MAX_BYTES

# The largest message our codec takes, and room for the topic, the headers and the credentials of a CONNECT
# with a last will. A message that is a little too large still arrives, so that it is seen in quarantine.
MAX_PACKET_BYTES: Final = MAX_BYTES + 1024
