"""`chargeloop top`: a running city on one screen, as an operator may see it over MQTT."""
