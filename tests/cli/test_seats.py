"""Each listener has a name of its own, as a broker lets nobody in twice under one."""

from pathlib import Path

import pytest

from chargeloop.cli.errors import CommandError
from chargeloop.cli.seats import seated
from chargeloop.cli.settings import load_settings


def test_the_next_free_name_is_taken_and_given_back(tmp_path: Path) -> None:
    effective = load_settings({"data": tmp_path})
    with seated(effective) as first, seated(effective) as second:
        assert (first.client, second.client) == ("opr-main", "opr-main-2")
        assert second.region == "demo"
    with seated(effective) as again:
        assert again == first


def test_an_operator_that_was_chosen_and_listens_already_is_refused(tmp_path: Path) -> None:
    effective = load_settings({"data": tmp_path, "operator": "opr-kim"})
    with seated(effective) as credentials:
        assert credentials.client == "opr-kim"
        with pytest.raises(CommandError, match="opr-kim listens already"), seated(effective):
            pass


def test_an_operator_of_another_region_is_refused(tmp_path: Path) -> None:
    with seated(load_settings({"data": tmp_path})):
        pass
    elsewhere = load_settings({"data": tmp_path, "region": "harbour"})
    with pytest.raises(CommandError, match="already has credentials for region 'demo'"), seated(elsewhere):
        pass


def test_a_data_directory_that_cannot_be_one_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    effective = load_settings({"data": tmp_path / "file"})
    with pytest.raises(CommandError, match=r"cannot use .*: Not a directory"), seated(effective):
        pass
