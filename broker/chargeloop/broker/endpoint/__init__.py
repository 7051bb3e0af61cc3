"""The durable endpoint both platforms run their cores on: nothing is lost, nothing is done twice."""

from chargeloop.broker.endpoint.changes import Changes, Kept
from chargeloop.broker.endpoint.core import RegionCore
from chargeloop.broker.endpoint.endpoint import Endpoint, EndpointPolicy
from chargeloop.broker.endpoint.store import SqliteStore, Statement, Store, StoreFailedError
from chargeloop.broker.endpoint.writer import CoreFailedError, SingleWriter

__all__ = [
    "Changes",
    "CoreFailedError",
    "Endpoint",
    "EndpointPolicy",
    "Kept",
    "RegionCore",
    "SingleWriter",
    "SqliteStore",
    "Statement",
    "Store",
    "StoreFailedError",
]
