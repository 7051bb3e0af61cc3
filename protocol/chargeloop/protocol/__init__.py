"""What every part of chargeloop shares: ids, money, time, envelopes, messages, topics, strict codec."""
