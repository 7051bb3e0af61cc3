"""Logging in over HTTP: what is answered, what is set, and what a guesser learns."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from chargeloop.broker.credentials import Credentials, CredentialStore, UnknownClientError
from chargeloop.platform.shell.accounts.account import Account, new_account
from chargeloop.platform.shell.accounts.registry import Registry
from chargeloop.platform.shell.entrance import (
    PER_ADDRESS,
    PER_LOGIN,
    PER_LOGIN_AND_ADDRESS,
    Entrance,
    TooManyTriesError,
    WrongLoginError,
)
from chargeloop.platform.shell.http import Services, make_app
from chargeloop.platform.shell.routes.session import COOKIE
from chargeloop.protocol.time import format_instant
from chargeloop.protocol.topics import Role
from tests.platform.shell.books import NOON_MS, REGION
from tests.platform.shell.scripted import Instant, bearer, problem

ANNA = new_account(Role.OPERATOR, "Anna", region=REGION, now_ms=NOON_MS, name="Anna B.")
RIGHT = {"login": "anna", "password": "correct horse"}


@pytest.fixture
async def anna(registry: Registry) -> Account:
    await registry.open(ANNA, RIGHT["password"])
    return ANNA


@pytest.fixture(autouse=True)
def nobody(client: httpx2.AsyncClient) -> None:
    """Begins without a token."""
    del client.headers["Authorization"]


def cookie_of(response: httpx2.Response) -> str:
    return response.headers["set-cookie"]


def refresh_of(response: httpx2.Response) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={response.cookies[COOKIE]}"}


async def test_a_login_gives_a_token_the_account_and_the_login_of_the_broker(
    client: httpx2.AsyncClient, anna: Account, credentials: CredentialStore
) -> None:
    response = await client.post("/v1/session", json={**RIGHT, "login": " ANNA "})
    assert response.status_code == 200
    body = response.json()
    assert body.pop("access_token").count(".") == 2
    assert body == {
        "expires_in_s": 900,
        "account": {"id": "opr-anna", "role": "operator", "name": "Anna B.", "region": REGION},
        "mqtt": {
            "client_id": "opr-anna",
            "username": "opr-anna",
            "password": credentials.load("opr-anna").password,
        },
        "clock": {"now": format_instant(NOON_MS), "speed": 1.0},
        "map": None,
    }
    assert response.headers["cache-control"] == "no-store"


async def test_the_cookie_can_be_read_by_no_script_and_is_sent_nowhere_else(
    client: httpx2.AsyncClient, anna: Account
) -> None:
    plain = cookie_of(await client.post("/v1/session", json=RIGHT))
    assert {"HttpOnly", "SameSite=strict", "Path=/v1/session"} <= set(plain.split("; "))
    assert "Secure" not in plain
    tls = await client.post("https://gateway/v1/session", json=RIGHT)
    assert "Secure" in cookie_of(tls).split("; ")


async def test_behind_a_proxy_that_speaks_tls_the_cookie_is_for_tls_only(
    services: Services, anna: Account
) -> None:
    app = make_app(replace(services, behind_tls=True))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://gateway"
    ) as proxy:
        opened = await proxy.post("/v1/session", json=RIGHT)
        renewed = await proxy.post("/v1/session/refresh", headers=refresh_of(opened))
        left = await proxy.delete("/v1/session", headers=refresh_of(renewed))
    assert all("Secure" in cookie_of(answer).split("; ") for answer in (opened, renewed, left))


async def test_a_token_tells_who_is_asking(client: httpx2.AsyncClient, anna: Account) -> None:
    token = (await client.post("/v1/session", json=RIGHT)).json()["access_token"]
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json() == {"id": "opr-anna", "role": "operator", "name": "Anna B.", "region": REGION}


async def test_a_stranger_and_a_wrong_password_are_answered_alike(
    client: httpx2.AsyncClient, anna: Account, registry: Registry
) -> None:
    await registry.open(new_account(Role.USER, "ben", region=REGION, now_ms=NOON_MS), "another horse")
    await registry.disable("ben")
    abroad = new_account(Role.USER, "cyd", region="elsewhere", now_ms=NOON_MS)
    await registry.open(abroad, "another horse")
    tries = [
        {"login": "anna", "password": "wrong password"},
        {"login": "anna", "password": "short"},
        {"login": "nobody", "password": "wrong password"},
        {"login": "no body", "password": "wrong password"},
        {"login": "ben", "password": "another horse"},
        {"login": "cyd", "password": "another horse"},
    ]
    answers = [problem(await client.post("/v1/session", json=tried), 401, "wrong_login") for tried in tries]
    assert all(answer == answers[0] for answer in answers)


async def test_a_stranger_costs_as_much_work_as_a_wrong_password(
    client: httpx2.AsyncClient, anna: Account, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = registry.passwords._verify

    def counted(stored: str, given: str) -> bool:
        checked.append(stored)
        return verify(stored, given)

    monkeypatch.setattr(registry.passwords, "_verify", counted)
    for login, password in (("anna", "wrong password"), ("nobody", "wrong password"), ("anna", "short")):
        await client.post("/v1/session", json={"login": login, "password": password})
    costs = {stored.rpartition("$")[0].rpartition("$")[0] for stored in checked}
    assert (len(checked), len(costs)) == (3, 1)


@pytest.mark.parametrize("meanwhile", ["another password", "disabled"])
async def test_what_is_changed_while_a_password_is_checked_counts(
    client: httpx2.AsyncClient,
    anna: Account,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
) -> None:
    fits = registry.passwords.fits

    async def checked_for_long(stored: str | None, password: str) -> bool:
        found = await fits(stored, password)
        if meanwhile == "disabled":
            await registry.disable("anna")
        else:
            await registry.set_password("anna", "battery staple")
        return found

    monkeypatch.setattr(registry.passwords, "fits", checked_for_long)
    problem(await client.post("/v1/session", json=RIGHT), 401, "wrong_login")


async def test_tries_for_one_login_name_are_limited_whether_it_is_known_or_not(
    client: httpx2.AsyncClient, anna: Account, time: Instant
) -> None:
    for login in ("anna", "nobody"):
        wrong = {"login": login, "password": "wrong password"}
        for _ in range(PER_LOGIN_AND_ADDRESS.burst):
            problem(await client.post("/v1/session", json=wrong), 401, "wrong_login")
        limited = await client.post("/v1/session", json={**wrong, "login": login.upper()})
        problem(limited, 429, "too_many_tries")
        assert limited.headers["retry-after"] == "30"
    problem(await client.post("/v1/session", json=RIGHT), 429, "too_many_tries")
    time.pass_s(30)
    assert (await client.post("/v1/session", json=RIGHT)).status_code == 200


async def test_tries_from_one_address_are_limited_and_those_that_succeed_do_not_count(
    client: httpx2.AsyncClient, anna: Account
) -> None:
    for number in range(PER_ADDRESS.burst):
        assert (await client.post("/v1/session", json=RIGHT)).status_code == 200
        wrong = {"login": f"guess-{number}", "password": "wrong password"}
        problem(await client.post("/v1/session", json=wrong), 401, "wrong_login")
    limited = await client.post("/v1/session", json=RIGHT)
    problem(limited, 429, "too_many_tries")
    assert limited.headers["retry-after"] == "3"


HOME = "198.51.100.7"
ABROAD = "192.0.2.1"


async def wrongly(entrance: Entrance, login: str, address: str) -> int:
    """Tries a wrong password; returns for how many seconds the next try will be refused, 0 for not at all."""
    try:
        await entrance.log_in(login, "wrong password", address)
    except TooManyTriesError as error:
        return error.wait_s
    except WrongLoginError:
        return 0
    raise AssertionError("a wrong password was right")


async def test_a_stranger_who_tries_without_end_does_not_keep_the_owner_out_who_is_elsewhere(
    services: Services, anna: Account, time: Instant
) -> None:
    entrance = services.entrance
    for _ in range(3_600):
        time.pass_s(1)
        await wrongly(entrance, "anna", ABROAD)
    with pytest.raises(TooManyTriesError):
        await entrance.log_in("anna", RIGHT["password"], ABROAD)
    assert (await entrance.log_in("anna", RIGHT["password"], HOME)).account == anna


async def test_tries_that_are_refused_count_for_the_address(
    services: Services, anna: Account, time: Instant
) -> None:
    entrance = services.entrance
    for _ in range(PER_ADDRESS.burst):
        await wrongly(entrance, "nobody", ABROAD)
    with pytest.raises(TooManyTriesError) as limited:
        await entrance.log_in("anna", RIGHT["password"], ABROAD)
    time.pass_s(limited.value.wait_s)
    assert (await entrance.log_in("anna", RIGHT["password"], ABROAD)).account == anna


async def test_tries_for_one_login_name_are_limited_from_whatever_addresses(
    services: Services, anna: Account
) -> None:
    for number in range(PER_LOGIN.burst):
        assert await wrongly(services.entrance, "anna", f"192.0.2.{number}") == 0
    assert await wrongly(services.entrance, "anna", HOME) == PER_LOGIN.every_s


async def test_a_session_is_renewed_by_its_cookie_which_is_exchanged(
    client: httpx2.AsyncClient, anna: Account
) -> None:
    opened = await client.post("/v1/session", json=RIGHT)
    renewed = await client.post("/v1/session/refresh", headers=refresh_of(opened))
    assert renewed.status_code == 200
    assert renewed.json().keys() == opened.json().keys()
    assert renewed.json()["account"] == opened.json()["account"]
    assert renewed.cookies[COOKIE] != opened.cookies[COOKIE]


async def test_a_cookie_that_is_used_again_after_the_next_one_ends_the_session(
    client: httpx2.AsyncClient, anna: Account
) -> None:
    opened = await client.post("/v1/session", json=RIGHT)
    renewed = await client.post("/v1/session/refresh", headers=refresh_of(opened))
    renewed = await client.post("/v1/session/refresh", headers=refresh_of(renewed))
    token = {"Authorization": f"Bearer {renewed.json()['access_token']}"}
    assert (await client.get("/v1/me", headers=token)).status_code == 200
    problem(await client.post("/v1/session/refresh", headers=refresh_of(opened)), 401, "session_over")
    problem(await client.get("/v1/me", headers=token), 401, "unauthorized")
    problem(await client.post("/v1/session/refresh", headers=refresh_of(renewed)), 401, "session_over")


async def test_leaving_ends_the_session_and_its_tokens(client: httpx2.AsyncClient, anna: Account) -> None:
    opened = await client.post("/v1/session", json=RIGHT)
    left = await client.delete("/v1/session", headers=refresh_of(opened))
    assert (left.status_code, left.content) == (204, b"")
    assert f'{COOKIE}=""' in cookie_of(left)
    token = {"Authorization": f"Bearer {opened.json()['access_token']}"}
    problem(await client.get("/v1/me", headers=token), 401, "unauthorized")
    problem(await client.post("/v1/session/refresh", headers=refresh_of(opened)), 401, "session_over")
    client.cookies.clear()
    assert (await client.delete("/v1/session")).status_code == 204


async def test_without_a_cookie_of_ours_nothing_is_renewed(client: httpx2.AsyncClient) -> None:
    for headers in ({}, {"Cookie": f"{COOKIE}=guessed"}, {"Cookie": f"{COOKIE}="}):
        problem(await client.post("/v1/session/refresh", headers=headers), 401, "session_over")


async def test_pages_of_other_origins_can_do_nothing_with_the_cookie(
    client: httpx2.AsyncClient, anna: Account
) -> None:
    opened = await client.post("/v1/session", json=RIGHT)
    for origin in (
        "https://evil.example",
        "null",
        "http://gateway.evil.example",
        "http://gateway:81",
        "http://[",
    ):
        headers = {**refresh_of(opened), "Origin": origin}
        problem(await client.post("/v1/session/refresh", headers=headers), 403, "wrong_origin")
        problem(await client.delete("/v1/session", headers=headers), 403, "wrong_origin")
    ours = {**refresh_of(opened), "Origin": "http://gateway"}
    assert (await client.post("/v1/session/refresh", headers=ours)).status_code == 200


async def test_a_disabled_account_is_out_at_once_with_whatever_token(
    client: httpx2.AsyncClient, anna: Account, registry: Registry
) -> None:
    opened = await client.post("/v1/session", json=RIGHT)
    tokens = [{"Authorization": f"Bearer {opened.json()['access_token']}"}, bearer(anna.id)]
    for token in tokens:
        assert (await client.get("/v1/me", headers=token)).status_code == 200
    await registry.disable("anna")
    for token in tokens:
        problem(await client.get("/v1/me", headers=token), 401, "unauthorized")
    problem(await client.post("/v1/session/refresh", headers=refresh_of(opened)), 401, "session_over")


# Shut out while a request is on its way.


class LateCredentials(CredentialStore):
    """The gateway's view of the credentials, which grants when it is told to go on, from `hold` on."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def hold(self) -> None:
        self.begun.clear()
        self.go_on.clear()

    def grant(self, client: str, region: str) -> Credentials:
        self.begun.set()
        self.go_on.wait()
        return super().grant(client, region)


@pytest.fixture
def late(credentials: CredentialStore) -> Iterator[LateCredentials]:
    made = LateCredentials(credentials.directory)
    yield made
    made.go_on.set()  # no thread is left behind


@pytest.fixture
async def hurried(services: Services, late: LateCredentials) -> AsyncIterator[httpx2.AsyncClient]:
    app = make_app(replace(services, credentials=late))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gateway") as made:
        yield made


async def begun_refresh(client: httpx2.AsyncClient, late: LateCredentials) -> asyncio.Task[httpx2.Response]:
    """Returns a renewal that has exchanged the cookie and is about to be granted the broker's credentials."""
    opened = await client.post("/v1/session", json=RIGHT)
    late.hold()
    refreshing = asyncio.create_task(client.post("/v1/session/refresh", headers=refresh_of(opened)))
    await asyncio.to_thread(late.begun.wait)
    return refreshing


async def test_a_renewal_during_which_the_password_is_changed_does_not_tell_the_new_credentials(
    hurried: httpx2.AsyncClient, late: LateCredentials, anna: Account, registry: Registry
) -> None:
    refreshing = await begun_refresh(hurried, late)
    await registry.set_password("anna", "another horse")
    renewed = registry.credentials.load(anna.id)
    late.go_on.set()
    answer = await refreshing
    problem(answer, 401, "session_over")
    assert "set-cookie" not in answer.headers
    assert renewed.password not in answer.text
    assert registry.credentials.load(anna.id) == renewed


async def test_a_renewal_during_which_the_account_is_disabled_leaves_no_credentials_behind(
    hurried: httpx2.AsyncClient, late: LateCredentials, anna: Account, registry: Registry
) -> None:
    refreshing = await begun_refresh(hurried, late)
    await registry.disable("anna")
    late.go_on.set()
    problem(await refreshing, 401, "session_over")
    with pytest.raises(UnknownClientError):
        registry.credentials.load(anna.id)


async def test_a_body_that_is_no_login_is_a_problem_that_does_not_tell_the_password(
    client: httpx2.AsyncClient,
) -> None:
    for body in (
        {},
        {"login": "anna"},
        {"login": 1, "password": "secret-word"},
        {**RIGHT, "role": "operator"},
    ):
        response = await client.post("/v1/session", json=body)
        problem(response, 422, "invalid_request")
        assert "secret-word" not in response.text


# Tickets.


async def test_a_ticket_is_sold_to_a_session_and_not_without_end(
    client: httpx2.AsyncClient, anna: Account, time: Instant
) -> None:
    token = (await client.post("/v1/session", json=RIGHT)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    sold = [(await client.post("/v1/mqtt-ticket", headers=headers)).json() for _ in range(10)]
    assert {ticket["expires_in_s"] for ticket in sold} == {30}
    assert len({ticket["ticket"] for ticket in sold}) == 10
    problem(await client.post("/v1/mqtt-ticket", headers=headers), 429, "too_many_tickets")
    time.pass_s(30)
    assert (await client.post("/v1/mqtt-ticket", headers=headers)).status_code == 200


async def test_a_program_without_a_session_gets_no_ticket(client: httpx2.AsyncClient) -> None:
    problem(await client.post("/v1/mqtt-ticket", headers=bearer("opr-anna")), 403, "session_needed")
