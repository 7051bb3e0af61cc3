"""What the gateway of one region stands on."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from chargeloop.broker.credentials import CredentialStore
from chargeloop.platform.core.region import RentalRegion
from chargeloop.platform.shell.alarms.store import AlarmStore
from chargeloop.platform.shell.basemap import Basemap
from chargeloop.platform.shell.entrance import Entrance
from chargeloop.platform.shell.gateway import Requester
from chargeloop.platform.shell.pages import Pages
from chargeloop.platform.shell.positions import Positions
from chargeloop.platform.shell.reader import RentalReader
from chargeloop.platform.shell.relay import Relay
from chargeloop.platform.shell.tickets import Tickets
from chargeloop.protocol.ids import RegionId


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the gateway of the region called `name`; `now_ms` is the world's clock.

    `speed` tells how many of its seconds pass in a real one; without a `basemap` the pages invent a city.
    `behind_tls`: browsers come by a proxy that speaks TLS with them.
    """

    name: RegionId
    region: RentalRegion
    reader: RentalReader
    requester: Requester
    entrance: Entrance
    credentials: CredentialStore
    tickets: Tickets
    relay: Relay
    alarms: AlarmStore
    pages: Pages
    positions: Positions
    now_ms: Callable[[], int]
    speed: float = 1.0
    basemap: Basemap | None = None
    behind_tls: bool = False


def services_of(request: Request) -> Services:
    """Return the services of the application that serves the request."""
    found: Services = request.app.state.services
    return found
