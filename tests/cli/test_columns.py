"""Columns stay in step and nothing in them is cut."""

from chargeloop.cli.columns import in_columns


def test_each_column_is_as_wide_as_its_longest_text_and_lines_have_no_blanks_at_their_ends() -> None:
    rows = [("login", "id", ""), ("ada", "usr-" + "a" * 44, "disabled"), ("b", "usr-1", "")]
    assert in_columns(rows) == [
        "login  id",
        f"ada    usr-{'a' * 44}  disabled",
        "b      usr-1",
    ]


def test_no_rows_are_no_lines() -> None:
    assert in_columns([]) == []
