"""The MQTT brokers we run, their access rules, and the durable endpoint of the platforms."""
