"""Where the courier platform meets the disk."""
