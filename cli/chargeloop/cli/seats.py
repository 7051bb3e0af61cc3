"""Who listens as which operator: a broker lets nobody in twice under one name, so each listener has its own.

A seat is a name with a lock on DATA/run/<operator>.seat; the kernel frees it when its holder ends, however it
ends.
"""

import contextlib
from collections.abc import Iterator
from typing import Final

from chargeloop.broker import Credentials, CredentialStore
from chargeloop.broker.credentials import BrokenCredentialsError, RegionMismatchError
from chargeloop.cli.accounts import require_not_disabled
from chargeloop.cli.errors import FAILED, CommandError
from chargeloop.cli.locks import take
from chargeloop.cli.settings import Effective

_MOST_SEATS: Final = 20


@contextlib.contextmanager
def seated(effective: Effective) -> Iterator[Credentials]:
    """Hold a seat while the context lasts, and yield what to connect with.

    Without a choice of the operator, the next free of `opr-main`, `opr-main-2`, and so on is taken.

    Raises:
        CommandError: the operator chosen listens already or is disabled, or the data directory cannot be
            used.
    """
    settings = effective.settings
    is_chosen = effective.origins["operator"] != "default"
    first = str(settings.operator)
    names = [first] if is_chosen else [first, *(f"{first}-{number}" for number in range(2, _MOST_SEATS + 1))]
    with contextlib.ExitStack() as stack:
        name = next(
            (name for name in names if take(settings.data / "run" / f"{name}.seat", stack) is None), None
        )
        if name is None:
            raise CommandError(
                f"{first} listens already, in another terminal: give another --operator", FAILED
            )
        require_not_disabled(name, settings.data)
        try:
            credentials = CredentialStore.of_data(settings.data).grant(name, settings.region)
        except (RegionMismatchError, BrokenCredentialsError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"cannot use {settings.data}: {error.strerror}") from None
        yield credentials
