"""Accounts of people at the gateway: who they are, how they prove it, and how long they are believed."""
