"""What the rental platform decides: pure, without clock, randomness or I/O."""
