"""The records of a data directory, with what can be wrong with it told in one line."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chargeloop.broker.endpoint.store import NotAStoreError
from chargeloop.cli.errors import CommandError
from chargeloop.platform.shell.export import NoStoreError, records
from chargeloop.platform.shell.store import SchemaVersionError


def export_records(data: Path) -> Iterator[Mapping[str, Any]]:
    """Yield every record of the rental platform's store in `data`.

    Raises:
        CommandError: there is no store, or it cannot be read.
    """
    try:
        yield from records(data)
    except (NoStoreError, NotAStoreError, SchemaVersionError, sqlite3.DatabaseError) as error:
        raise CommandError(str(error)) from None
