"""The chargeloop command line."""
