"""What all tests of the simulation have in common."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def garbage_is_collected_between_runs() -> Iterator[None]:
    """Spare a run the collector, as the runner does: what it allocates it needs until it is over."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()
