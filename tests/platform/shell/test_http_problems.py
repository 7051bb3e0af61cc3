"""Requests that the HTTP gateway refuses by itself: each is a problem, and nobody is asked anything."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import jwt
import pytest

from chargeloop.platform.shell.accounts.tokens import AccessTokens
from chargeloop.platform.shell.gateway import Answer
from chargeloop.platform.shell.http import make_app
from chargeloop.platform.shell.services import Services
from chargeloop.protocol.envelope import Data
from chargeloop.protocol.ids import RegionId
from tests.platform.shell.books import REGION, USER
from tests.platform.shell.scripted import HERE, KEY, ScriptedPlatform, problem

# Who is asking.


def forged(**claims: object) -> str:
    """Returns a token with our key and one claim that is wrong."""
    good = {"iss": "chargeloop-gateway", "aud": REGION, "sub": USER, "exp": 4_000_000_000}
    return "Bearer " + jwt.encode({**good, **claims}, KEY, "HS256")


BAD_TOKENS = [
    None,
    "Bearer",
    "Bearer usr-0042",
    "Bearer usr-0042:wrong",
    "Bearer p\u00e4ssword",
    "Bearer a.b.c",
    "Basic dXNyLTAwNDI6eA==",
    "Bearer " + jwt.encode({"sub": USER, "aud": REGION, "exp": 4_000_000_000}, "", "none"),
    "Bearer " + AccessTokens(b"another key that is long enough.", REGION).sign(USER),
    "Bearer " + AccessTokens(KEY, RegionId("elsewhere")).sign(USER),
    forged(exp=1),
    forged(iss="somebody"),
    forged(sub="cab-0001"),
    forged(sub="ord-7a10"),
    forged(sub="../../etc/passwd"),
    forged(sid="ses-unknown"),
]


async def test_what_is_no_good_token_is_refused(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    del client.headers["Authorization"]
    for token in BAD_TOKENS:
        headers = {} if token is None else {b"Authorization": token.encode()}
        for method, path in (("GET", "/v1/orders"), ("POST", "/v1/orders")):
            body = {**HERE, "quantity": 1} if method == "POST" else None
            response = await client.request(method, path, headers=headers, json=body)
            problem(response, 401, "unauthorized")
            assert response.headers["www-authenticate"] == "Bearer"
    assert platform.asked == []


async def test_a_token_that_is_no_good_is_told_apart_from_none(client: httpx2.AsyncClient) -> None:
    del client.headers["Authorization"]
    for token, said in ((None, "an access token is needed"), ("nonsense", "this access token is not valid")):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        details = problem(await client.get("/v1/orders", headers=headers), 401, "unauthorized")
        assert details["detail"].startswith(said)


# Bad requests.


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"quantity": 0}, "#/quantity"),
        ({"quantity": 21}, "#/quantity"),
        ({"quantity": "2"}, "#/quantity"),
        ({"quantity": True}, "#/quantity"),
        ({"quantity": 1.5}, "#/quantity"),
        ({"lat": 91}, "#/lat"),
        ({"lon": "5.23"}, "#/lon"),
        ({"hand_over": "pigeon"}, "#/hand_over"),
        ({"cabinet": "cab/../x"}, "#/cabinet"),
        ({"user": "usr-other"}, "#/user"),
    ],
)
async def test_a_bad_member_is_named_by_its_pointer(
    client: httpx2.AsyncClient, platform: ScriptedPlatform, change: dict[str, Any], pointer: str
) -> None:
    response = await client.post("/v1/orders", json={**HERE, "quantity": 2, **change})
    details = problem(response, 422, "invalid_request")
    assert [error["pointer"] for error in details["errors"]] == [pointer]
    assert platform.asked == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"lat":NaN,"lon":5.23,"quantity":2}',
        b'{"lat":1e999,"lon":5.23,"quantity":2}',
        b'{"lat":43,"lon":5,"quantity":' + b"9" * 5000 + b"}",
        b"[" * 10_000,
        b'{"lat":43,"lon":5,"quantity":1,"quantity":2}',
        b'\xef\xbb\xbf{"lat":43,"lon":5,"quantity":1}',
        '{"lat":43,"lon":5,"quantity":1}'.encode("utf-16"),
    ],
)
async def test_a_body_that_is_no_good_json_is_a_problem(
    client: httpx2.AsyncClient, platform: ScriptedPlatform, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/v1/orders", content=body, headers=headers)
    problem(response, 422, "invalid_request")
    assert platform.asked == []


async def test_a_body_that_is_no_json_is_told_so_before_where(client: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/v1/orders", content=b'{"lat":', headers=headers)
    detail = problem(response, 422, "invalid_request")["detail"]
    assert detail.startswith("no JSON at character 7: ")


@pytest.mark.parametrize(
    ("content_type", "said"), [(None, "without a Content-Type"), ("text/plain", "as text/plain")]
)
async def test_a_body_of_another_type_is_told_which_one_is_taken(
    client: httpx2.AsyncClient, platform: ScriptedPlatform, content_type: str | None, said: str
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = await client.post("/v1/orders", content=b'{"lat":43,"lon":5,"quantity":1}', headers=headers)
    detail = problem(response, 422, "invalid_request")["detail"]
    assert detail == f"the body is sent {said} and not as JSON: expected Content-Type application/json"
    assert platform.asked == []


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/problem+json"])
async def test_a_body_of_any_type_of_json_is_read(client: httpx2.AsyncClient, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    response = await client.post("/v1/orders", content=b'{"lat":43,"lon":5}', headers=headers)
    assert problem(response, 422, "invalid_request")["errors"][0]["pointer"] == "#/quantity"


async def test_every_body_is_read_strictly(services: Services, client: httpx2.AsyncClient) -> None:
    taking = [
        (method, path)
        for path, methods in make_app(services).openapi()["paths"].items()
        for method, described in methods.items()
        if "requestBody" in described
    ]
    assert len(taking) > 5
    headers = {"Content-Type": "application/json"}
    for method, path in taking:
        response = await client.request(method, path, content=b'{"a":1,"b":2,"a":3}', headers=headers)
        assert "'a' stands twice" in problem(response, 422, "invalid_request")["detail"]


@pytest.mark.parametrize("reason", [b"\\ud800", b"\\u0001", b"two\\nlines", "\U0001f600".encode() * 151])
async def test_text_that_cannot_be_stored_or_shown_is_refused(
    client: httpx2.AsyncClient, platform: ScriptedPlatform, reason: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"reason":"' + reason + b'"}'
    response = await client.post(
        "/v1/orders/ord-7a10/disputes", content=b'{"text":"' + reason + b'"}', headers=headers
    )
    problem(response, 422, "invalid_request")
    response = await client.post("/v1/orders/ord-7a10/cancel", content=body, headers=headers)
    problem(response, 422, "invalid_request")
    assert platform.asked == []


async def test_a_bad_parameter_is_named(client: httpx2.AsyncClient) -> None:
    for params in ("lat=43&lon=5&radius_m=0", "lat=north&lon=5", "lat=nan&lon=5", ""):
        details = problem(await client.get("/v1/cabinets", params=params), 422, "invalid_request")
        assert details["errors"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused(
    client: httpx2.AsyncClient, platform: ScriptedPlatform, *, announced: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 1024

    content: Any = b" " * (20 * 1024) if announced else chunks()
    problem(await client.post("/v1/orders", content=content), 413, "too_large")
    assert platform.asked == []


async def test_unknown_paths_are_problems(client: httpx2.AsyncClient) -> None:
    problem(await client.get("/v1/nothing"), 404, "not_found")
    problem(await client.get("/v1/orders/"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/orders", "GET, POST"),
        ("HEAD", "/v1/orders", "GET, POST"),
        ("GET", "/v1/session", "POST, DELETE"),
        ("PUT", "/v1/session", "POST, DELETE"),
        ("GET", "/v1/session/refresh", "POST"),
        ("GET", "/v1/orders/ord-7a10/cancel", "POST"),
        ("POST", "/v1/health", "GET"),
    ],
)
async def test_a_method_that_is_not_taken_is_told_with_those_that_are(
    client: httpx2.AsyncClient, method: str, path: str, allowed: str
) -> None:
    response = await client.request(method, path)
    assert response.headers["allow"] == allowed
    assert response.status_code == 405
    if method != "HEAD":
        assert problem(response, 405, "method_not_allowed")["detail"].endswith(f"{allowed} can be")


async def test_a_fault_of_ours_is_a_problem_without_any_detail(
    client: httpx2.AsyncClient, platform: ScriptedPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_data: Data, _message_id: str) -> Answer:
        message = "secret"
        raise RuntimeError(message)

    monkeypatch.setattr(platform, "ask", fails)
    details = problem(await client.post("/v1/orders", json={**HERE, "quantity": 2}), 500, "internal")
    assert "secret" not in str(details)
