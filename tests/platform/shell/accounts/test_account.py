"""Names, ids and passwords of accounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.platform.shell.accounts.account import AccountError, login_of, new_account, password_of
from chargeloop.protocol.ids import is_id
from chargeloop.protocol.topics import KIND_OF_ROLE, Role
from tests.platform.shell.books import NOON_MS, REGION


@pytest.mark.parametrize(
    ("typed", "stored"),
    [(" Anna ", "anna"), ("ANNA", "anna"), ("ａｎｎａ", "anna"), ("Straße", "strasse"), ("安娜", "安娜")],  # noqa: RUF001
)
def test_a_login_name_is_the_same_however_it_is_typed(typed: str, stored: str) -> None:
    assert login_of(typed) == stored


@given(st.text(max_size=70))
def test_a_login_name_in_its_normal_form_stays_as_it_is(text: str) -> None:
    try:
        normal = login_of(text)
    except AccountError:
        return
    assert login_of(normal) == normal


@pytest.mark.parametrize("bad", ["", "  ", "two words", "a\nb", "a\x00", "x" * 65, "\ud800"])
def test_a_bad_login_name_is_refused(bad: str) -> None:
    with pytest.raises(AccountError, match="login name"):
        login_of(bad)


def test_a_password_has_ten_to_a_hundred_and_twenty_eight_characters() -> None:
    assert password_of("x" * 10) == "x" * 10
    assert password_of("x" * 128) == "x" * 128
    for bad in ("x" * 9, "x" * 129, "\ud800" * 10):
        with pytest.raises(AccountError, match="10 to 128"):
            password_of(bad)


def test_a_password_is_the_same_on_keyboards_that_compose_differently() -> None:
    assert password_of("pa\u0308ssword-1") == password_of("p\u00e4ssword-1")


@pytest.mark.parametrize(
    ("role", "login", "expected"),
    [
        (Role.OPERATOR, "Anna", "opr-anna"),
        (Role.USER, "b.c", "usr-drawn"),
        (Role.COURIER, "安娜", "cou-drawn"),
    ],
)
def test_an_id_follows_from_the_login_name_where_it_can(role: Role, login: str, expected: str) -> None:
    made = new_account(role, login, region=REGION, now_ms=NOON_MS, draw=lambda: "drawn")
    assert made.id == expected
    assert is_id(KIND_OF_ROLE[role], made.id)


def test_an_account_is_a_person_of_a_region_with_an_id_of_its_role() -> None:
    given_id = new_account(
        Role.USER, "Anna", region=REGION, now_ms=NOON_MS, account_id="usr-0042", name=" A. "
    )
    assert (given_id.id, given_id.login, given_id.name) == ("usr-0042", "anna", "A.")
    with pytest.raises(AccountError, match="not a cabinet"):
        new_account(Role.CABINET, "anna", region=REGION, now_ms=NOON_MS)
    with pytest.raises(AccountError, match="not a user id"):
        new_account(Role.USER, "anna", region=REGION, now_ms=NOON_MS, account_id="opr-1")
    with pytest.raises(AccountError, match="not a region"):
        new_account(Role.USER, "anna", region="No/Where", now_ms=NOON_MS)
    with pytest.raises(AccountError, match="display name"):
        new_account(Role.USER, "anna", region=REGION, now_ms=NOON_MS, name="a\tb")
