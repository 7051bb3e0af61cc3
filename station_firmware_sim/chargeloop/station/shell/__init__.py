"""How a cabinet meets the world: its files, its link, its timers, and a fleet of them in one process."""
