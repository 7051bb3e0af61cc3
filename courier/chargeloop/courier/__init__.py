"""The courier platform: delivery jobs, offers, couriers and their phones."""
