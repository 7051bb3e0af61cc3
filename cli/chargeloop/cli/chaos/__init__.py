"""Faults on purpose: real processes and their network are broken while a city plays; then come the checks."""
