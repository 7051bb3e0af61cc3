"""A device's directory belongs to one process at a time."""

from pathlib import Path

import pytest

from chargeloop.broker.device import DeviceRunsError, DiskFailedError, alone_in


def test_a_device_is_run_once_and_free_afterwards(tmp_path: Path) -> None:
    one, other, third = (tmp_path / name for name in ("cab-1", "cab-2", "cab-3"))
    with alone_in([one, other]):
        with (
            pytest.raises(DeviceRunsError, match="cab-2 is run by another process"),
            alone_in([third, other]),
        ):
            pass
        with alone_in([third]):  # what was begun in vain holds nothing
            pass
    with alone_in([other]):
        pass


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "cabinets").write_text("no directory")
    with pytest.raises(DiskFailedError, match="cabinets/cab-1"), alone_in([tmp_path / "cabinets" / "cab-1"]):
        pass
