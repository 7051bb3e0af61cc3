"""The MQTT brokers we run, their access rules, and the durable endpoint of the platforms."""

from chargeloop.broker.address import BrokerAddress
from chargeloop.broker.credentials import Credentials, CredentialStore

__all__ = ["BrokerAddress", "CredentialStore", "Credentials"]
