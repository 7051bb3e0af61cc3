"""The charging cabinet: slots, power banks, motor, keypad and journal."""
