"""The rental platform: orders, the fleet of cabinets, matching and fees."""
