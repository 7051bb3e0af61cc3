"""What the courier platform decides: pure, without clock, randomness or input and output of its own."""
