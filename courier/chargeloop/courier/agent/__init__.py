"""A simulated courier with a phone, who talks only MQTT."""
