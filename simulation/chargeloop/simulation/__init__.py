"""The deterministic simulation: the same cores and delivery logic on a virtual clock, with every fault."""
