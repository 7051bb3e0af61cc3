"""What every part of chargeloop shares: ids, money, time, envelopes, messages, topics and the strict codec."""
