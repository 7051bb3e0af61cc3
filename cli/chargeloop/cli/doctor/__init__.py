"""`chargeloop doctor`: looks at all that chargeloop needs on a machine, and says what to do."""
