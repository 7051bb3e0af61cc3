"""Every route of the interface for every kind of caller, as one table; a route that is not in it fails."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import httpx2
import pytest

from chargeloop.broker.endpoint.changes import Changes
from chargeloop.platform.core.dispute import Waiver
from chargeloop.platform.core.rows import SaveIntervention
from chargeloop.platform.shell.http import make_app
from chargeloop.platform.shell.routes import trips
from chargeloop.platform.shell.services import Services
from chargeloop.platform.shell.store import PlatformStore
from chargeloop.protocol.ids import CabinetId, CommandId, OrderId
from chargeloop.protocol.messages.cabinet import Outcome
from chargeloop.protocol.messages.rental import (
    CabinetCommanded,
    CancelOrder,
    RefusalCode,
    RequestRefused,
)
from chargeloop.protocol.time import format_instant
from tests.platform.shell import books
from tests.platform.shell.scripted import HERE, ScriptedPlatform, bearer, problem

# The callers of a row: nobody, the order's user, another user, a courier, an operator.
CALLERS: Final = (None, "usr-0042", "usr-stranger", "cou-0001", "opr-anna")
ORDER: Final = {**HERE, "quantity": 1}
LOGIN: Final = {"login": "nobody", "password": "wrong password"}
FORGOTTEN: Final = {"reason": "forgotten"}
DISPUTE: Final = {"bank": "bnk-000017", "text": "I put it back at noon"}
ANSWER: Final = {"text": "you are right"}
COMMAND: Final = {"action": "unlock", "slot": 4, "reason": "the motor was mended"}
COMMANDED: Final = CabinetCommanded(
    cabinet=CabinetId("cab-0003"), command=CommandId("cmd-5f0c2a"), expires=books.NOON_MS + 15_000
)
WAIVER: Final = {"line": "ord-7a10/rental/bnk-000017/1", "reason": "a faulty reader"}

TABLE: Final[Mapping[tuple[str, str], tuple[Any, tuple[int, int, int, int, int]]]] = {
    ("GET", "/v1/health"): (None, (200, 200, 200, 200, 200)),
    ("POST", "/v1/session"): (LOGIN, (401, 401, 401, 401, 401)),
    ("POST", "/v1/session/refresh"): (None, (401, 401, 401, 401, 401)),
    ("DELETE", "/v1/session"): (None, (204, 204, 204, 204, 204)),
    ("GET", "/v1/me"): (None, (401, 200, 200, 200, 200)),
    # These callers are programs: only sessions get tickets (`test_session`).
    ("POST", "/v1/mqtt-ticket"): (None, (401, 403, 403, 403, 403)),
    ("POST", "/v1/orders"): (ORDER, (401, 201, 201, 403, 403)),
    ("GET", "/v1/orders"): (None, (401, 200, 200, 403, 200)),
    ("GET", "/v1/orders/{order}"): (None, (401, 200, 404, 403, 200)),
    # Whose an order is, is checked by the platform, which is asked in the name of the caller.
    ("POST", "/v1/orders/{order}/cancel"): (FORGOTTEN, (401, 200, 200, 403, 200)),
    ("POST", "/v1/orders/{order}/return"): (ORDER, (401, 200, 200, 403, 403)),
    ("POST", "/v1/orders/{order}/end"): (FORGOTTEN, (401, 403, 403, 403, 200)),
    ("POST", "/v1/orders/{order}/disputes"): (DISPUTE, (401, 201, 201, 403, 403)),
    ("POST", "/v1/orders/{order}/disputes/{dispute}/answer"): (ANSWER, (401, 403, 403, 403, 200)),
    ("POST", "/v1/orders/{order}/waivers"): (WAIVER, (401, 403, 403, 403, 200)),
    ("GET", "/v1/disputes"): (None, (401, 403, 403, 403, 200)),
    ("GET", "/v1/orders/{order}/courier"): (None, (401, 404, 404, 403, 404)),
    ("GET", "/v1/cabinets"): (None, (401, 422, 422, 422, 200)),
    ("GET", "/v1/cabinets/{cabinet}"): (None, (401, 200, 200, 200, 200)),
    ("POST", "/v1/cabinets/{cabinet}/commands"): (COMMAND, (401, 403, 403, 403, 202)),
    ("GET", "/v1/quote"): (None, (401, 422, 422, 422, 422)),
    ("GET", "/v1/trips"): (None, (401, 403, 403, 200, 422)),
    ("GET", "/v1/alarms"): (None, (401, 403, 403, 403, 200)),
    ("POST", "/v1/alarms/{alarm}/acknowledge"): (None, (401, 403, 403, 403, 404)),
    ("POST", "/v1/alarms/{alarm}/assign"): ({"assignee": "opr-anna"}, (401, 403, 403, 403, 404)),
    ("POST", "/v1/alarms/{alarm}/close"): (FORGOTTEN, (401, 403, 403, 403, 404)),
    ("GET", "/v1/tariff"): (None, (401, 200, 200, 200, 200)),
}


def test_the_table_has_every_route_of_the_interface(services: Services) -> None:
    described = make_app(services).openapi()["paths"]
    assert {(method.upper(), path) for path in described for method in described[path]} == set(TABLE)


@pytest.mark.parametrize(("method", "path"), TABLE)
async def test_every_route_answers_each_caller_as_the_table_says(
    client: httpx2.AsyncClient, store: PlatformStore, platform: ScriptedPlatform, method: str, path: str
) -> None:
    if path.endswith("/commands"):
        platform.answer = COMMANDED
    await store.commit(Changes(), books.walk_up_rental())
    del client.headers["Authorization"]
    body, expected = TABLE[method, path]
    url = path.format(order="ord-7a10", cabinet="cab-0003", dispute="ord-7a10-e17", alarm="alm-unknown")
    answered = []
    for caller in CALLERS:
        headers = {} if caller is None else bearer(caller)
        answered.append(await client.request(method, url, json=body, headers=headers))
    assert tuple(answer.status_code for answer in answered) == expected
    for answer in answered:
        if answer.status_code >= 400:
            problem(answer, answer.status_code, answer.json()["code"])


async def test_users_are_asked_for_themselves_and_operators_for_the_order_s_user(
    client: httpx2.AsyncClient, store: PlatformStore, platform: ScriptedPlatform
) -> None:
    await store.commit(Changes(), books.walk_up_rental())
    for caller in ("usr-stranger", "opr-anna"):
        await client.post("/v1/orders/ord-7a10/cancel", json=FORGOTTEN, headers=bearer(caller))
    asked = [(data.user, data.reason) for data, _ in platform.asked if isinstance(data, CancelOrder)]
    assert asked == [("usr-stranger", "forgotten"), ("usr-0042", "opr-anna: forgotten")]


async def test_an_operator_gives_a_reason_and_names_an_order_that_exists(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    anna = bearer("opr-anna")
    missing = await client.post("/v1/orders/ord-7a10/cancel", json={}, headers=anna)
    assert problem(missing, 422, "invalid_request")["errors"][0]["pointer"] == "#/reason"
    unknown = await client.post("/v1/orders/ord-7a10/cancel", json=FORGOTTEN, headers=anna)
    problem(unknown, 404, "unknown_order")
    assert platform.asked == []


async def test_disputes_and_waivers_are_messages_in_the_caller_s_name(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    anna, order = bearer("opr-anna"), "/v1/orders/ord-7a10"
    await client.post(f"{order}/disputes", json=DISPUTE)
    await client.post(f"{order}/disputes/ord-7a10-e17/answer", json=ANSWER, headers=anna)
    await client.post(f"{order}/waivers", json=WAIVER, headers=anna)
    await client.post(f"{order}/end", json=FORGOTTEN, headers=anna)
    opened, answered, waived, ended = [data.model_dump(mode="json") for data, _ in platform.asked]
    assert opened == {"user": "usr-0042", "order": "ord-7a10", **DISPUTE}
    assert answered == {"operator": "opr-anna", "order": "ord-7a10", "dispute": "ord-7a10-e17", **ANSWER}
    assert waived == {"operator": "opr-anna", "order": "ord-7a10", **WAIVER}
    assert ended == {"operator": "opr-anna", "order": "ord-7a10", **FORGOTTEN}


async def test_a_command_to_a_cabinet_is_a_message_in_the_operator_s_name(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    platform.answer = COMMANDED
    anna = bearer("opr-anna")
    sent = await client.post("/v1/cabinets/cab-0003/commands", json=COMMAND, headers=anna)
    assert sent.json() == {
        "cabinet": "cab-0003", "command": "cmd-5f0c2a", "expires": "2026-11-23T12:00:15.000Z",
    }  # fmt: skip
    ((data, _),) = platform.asked
    assert data.model_dump(mode="json", exclude_none=True) == {
        "operator": "opr-anna", "cabinet": "cab-0003", **COMMAND,
    }  # fmt: skip
    for wrong in ({"action": "explode"}, {"slot": 0}, {"slot": "4"}, {"reason": ""}, {"command": "cmd-1"}):
        refused = await client.post("/v1/cabinets/cab-0003/commands", json={**COMMAND, **wrong}, headers=anna)
        problem(refused, 422, "invalid_request")
    problem(
        await client.post("/v1/cabinets/ord-1/commands", json=COMMAND, headers=anna), 404, "unknown_cabinet"
    )
    assert len(platform.asked) == 1


async def test_a_reboot_is_asked_for_like_the_other_commands_and_old_firmware_is_a_conflict(
    client: httpx2.AsyncClient, platform: ScriptedPlatform
) -> None:
    platform.answer = COMMANDED
    anna, body = bearer("opr-anna"), {"action": "reboot", "reason": "the display is stuck"}
    assert (await client.post("/v1/cabinets/cab-0003/commands", json=body, headers=anna)).status_code == 202
    ((data, _),) = platform.asked
    assert data.model_dump(mode="json", exclude_none=True) == {
        "operator": "opr-anna", "cabinet": "cab-0003", **body,
    }  # fmt: skip
    platform.answer = RequestRefused(code=RefusalCode.NOT_SUPPORTED, detail="the firmware does not know it")
    refused = await client.post("/v1/cabinets/cab-0003/commands", json=body, headers=anna)
    problem(refused, 409, "not_supported")


async def test_a_cabinet_tells_what_operators_had_it_do_as_three_facts(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    waiting = books.intervention("cmd-1", sent_ms=books.NOON_MS, expires_ms=books.NOON_MS + 1)
    late = books.intervention("cmd-2", sent_ms=books.NOON_MS - 2, expires_ms=books.NOON_MS - 1)
    done = replace(late, command=CommandId("cmd-3"), sent_ms=books.NOON_MS - 3, outcome=Outcome.DONE,
                   answered_ms=books.NOON_MS - 2, happened_ms=books.NOON_MS - 1)  # fmt: skip
    await store.commit(Changes(), [SaveIntervention(one) for one in (waiting, late, done)])
    shown = (await client.get("/v1/cabinets/cab-0003", headers=bearer("opr-anna"))).json()["commands"]
    assert [(one["command"], one["outcome"], one["answered"], one["happened"]) for one in shown] == [
        ("cmd-1", None, None, None),
        ("cmd-2", "unknown", None, None),
        ("cmd-3", "done", "2026-11-23T11:59:59.998Z", "2026-11-23T11:59:59.999Z"),
    ]
    assert (shown[0]["operator"], shown[0]["reason"]) == ("opr-anna", "the motor was mended")


async def test_a_courier_sees_the_trips_of_their_own_and_what_each_earned(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    await store.commit(Changes(), books.rows_of(books.order_on_its_way()))
    done = books.order_brought()
    await store.commit(Changes(), books.rows_of(done))
    mine = (await client.get("/v1/trips", headers=bearer("cou-0005"))).json()
    assert [(trip["order"], trip["done"], trip["amount"]) for trip in mine["trips"]] == [
        ("ord-9c33", None, None),
        ("ord-9c34", "2026-11-23T12:14:00.000Z", {"amount_minor": 330, "currency": "EUR"}),
    ]
    assert mine["total"] == {"amount_minor": 330, "currency": "EUR"}
    assert mine["rule"]["promised_minutes"] == 45
    assert "4821" not in str(mine)
    assert (await client.get("/v1/trips", headers=bearer("cou-0006"))).json()["trips"] == []
    named = {"courier": "cou-0005"}
    assert (await client.get("/v1/trips", params=named, headers=bearer("opr-anna"))).json() == mine
    other = await client.get("/v1/trips", params=named, headers=bearer("cou-0006"))
    assert other.json()["trips"] == []


async def test_what_a_courier_earned_counts_also_beyond_the_trips_that_are_listed(
    client: httpx2.AsyncClient, store: PlatformStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trips, "_MOST", 2)
    done = books.order_brought()
    every = [replace(done, id=OrderId(f"ord-{number}")) for number in range(3)]
    await store.commit(Changes(), [row for order in every for row in books.rows_of(order)])
    mine = (await client.get("/v1/trips", headers=bearer("cou-0005"))).json()
    assert [trip["order"] for trip in mine["trips"]] == ["ord-0", "ord-1"]
    assert mine["total"] == {"amount_minor": 3 * 330, "currency": "EUR"}


async def test_a_trip_that_an_operator_waived_is_earned_all_the_same(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    done = books.order_brought()
    (line,) = done.lines
    reversal = replace(line, id=f"{line.id}/reversed", amount_minor=-line.amount_minor, reverses=line.id)
    waived = replace(done, lines=(line, reversal), waived=(Waiver(line.fee, line.of),))
    corrected = replace(done, id=OrderId("ord-9c35"), lines=(line, reversal))
    await store.commit(Changes(), [*books.rows_of(waived), *books.rows_of(corrected)])
    mine = (await client.get("/v1/trips", headers=bearer("cou-0005"))).json()["trips"]
    assert [trip["amount"] for trip in mine] == [{"amount_minor": 330, "currency": "EUR"}, None]


async def test_operators_see_the_disputes_of_all_and_a_user_those_of_an_order(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    for number, answered in ((1, False), (2, True)):
        order = books.disputed(f"ord-{number}", f"bnk-{number}", minute=number, answered=answered)
        await store.commit(Changes(), books.rows_of_disputed(order))
    anna = bearer("opr-anna")
    listed = (await client.get("/v1/disputes", headers=anna)).json()["disputes"]
    assert [(one["order"], one["answer"]) for one in listed] == [("ord-2", "you are right"), ("ord-1", None)]
    waiting = (await client.get("/v1/disputes", params={"answered": False}, headers=anna)).json()["disputes"]
    assert [one["id"] for one in waiting] == ["ord-1-e7"]
    assert (await client.get("/v1/orders/ord-2")).json()["disputes"] == [listed[0]]


async def test_a_dispute_that_waits_is_not_hidden_by_later_ones_that_were_answered(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    for number, answered in ((1, False), (2, True), (3, True)):
        order = books.disputed(f"ord-{number}", f"bnk-{number}", minute=number, answered=answered)
        await store.commit(Changes(), books.rows_of_disputed(order))
    for asked, expected in (("false", "ord-1"), ("true", "ord-3")):
        reply = await client.get(f"/v1/disputes?limit=1&answered={asked}", headers=bearer("opr-anna"))
        assert [one["order"] for one in reply.json()["disputes"]] == [expected]


async def test_an_order_that_has_ended_tells_who_served_it_and_where_it_was_brought(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    order = books.order_brought()
    await store.commit(Changes(), books.rows_of(order))
    (told,) = (await client.get("/v1/orders")).json()["orders"]
    assert (told["cabinet"], told["courier"]) == (None, None)
    assert (told["last_cabinet"], told["last_courier"]) == ("cab-0003", "cou-0005")
    assert told["place"] == {"lat": books.HARBOUR.lat_e7 / 1e7, "lon": books.HARBOUR.lon_e7 / 1e7}


# What is nobody's to see.


async def test_the_hand_over_code_is_its_user_s_alone(
    client: httpx2.AsyncClient, store: PlatformStore, services: Services
) -> None:
    order = books.order_on_its_way()
    await store.commit(Changes(), books.rows_of(order))
    code = order.legs[-1].handover_code
    assert (await client.get(f"/v1/orders/{order.id}")).json()["handover_code"] == code
    for path in (f"/v1/orders/{order.id}", "/v1/orders"):
        assert f'"{code}"' in (await client.get(path)).text
        assert f'"{code}"' not in (await client.get(path, headers=bearer("opr-anna"))).text


async def test_nobody_but_operators_sees_what_is_inside_a_cabinet(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    await store.commit(Changes(), books.walk_up_rental())
    for caller in ("usr-0042", "cou-0001"):
        shown = (await client.get("/v1/cabinets/cab-0003", headers=bearer(caller))).json()
        assert (shown["ready_banks"], shown["inside"], shown["holds"], shown["history"]) == (
            0,
            None,
            None,
            None,
        )


# Reading as an operator.


async def test_the_list_of_cabinets_tells_when_each_was_heard_last(client: httpx2.AsyncClient) -> None:
    listed = (await client.get("/v1/cabinets", headers=bearer("opr-anna"))).json()["cabinets"]
    told = {cabinet["cabinet"]: cabinet["last_seen"] for cabinet in listed}
    assert told == {"cab-0003": format_instant(books.NOON_MS), "cab-0004": None}


async def test_an_operator_sees_a_cabinet_with_its_slots_and_its_history(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    order = books.order_in_use()
    event = books.event_at(order, 3, "bank_returned", 70, "cab-0003")
    elsewhere = books.event_at(order, 4, "bank_returned", 80, "cab-0004")
    asked = books.event_at(order, 5, "reservation_asked", 90, "cab-0003", within="hold")
    await store.commit(Changes(), books.rows_of(order, event, elsewhere, asked))
    shown = (await client.get("/v1/cabinets/cab-0003", headers=bearer("opr-anna"))).json()
    assert shown["inside"] == [
        {"slot": 1, "state": "reserved", "bank": "bnk-000017", "charge_pct": 98, "reservation": "rsv-7a10-1",
         "order": "ord-7a10"},
        {"slot": 2, "state": "empty", "bank": None, "charge_pct": None, "reservation": None, "order": None},
    ]  # fmt: skip
    assert (shown["online"], shown["slots"], shown["faulty_slots"]) == (True, 2, 0)
    assert shown["last_seen"] == format_instant(books.NOON_MS)
    assert [(entry["order"], entry["type"]) for entry in shown["history"]] == [
        ("ord-7a10", "reservation_asked"), ("ord-7a10", "bank_returned"),
    ]  # fmt: skip


async def test_a_cabinet_that_is_not_there_is_a_problem(client: httpx2.AsyncClient) -> None:
    for name in ("cab-9999", "ord-1", "x"):
        problem(await client.get(f"/v1/cabinets/{name}"), 404, "unknown_cabinet")


async def test_an_operator_pages_through_all_orders_and_filters_them(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    for number in range(5):
        user = books.USER if number % 2 else books.OTHER
        await store.commit(Changes(), books.walk_up_rental(f"ord-{number}", f"bnk-{number}", user=user))
    client.headers.update(bearer("opr-anna"))
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
        page = (await client.get("/v1/orders", params=params)).json()
        seen += [order["id"] for order in page["orders"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [f"ord-{number}" for number in range(5)]
    mine = (await client.get("/v1/orders", params={"user": books.USER})).json()["orders"]
    assert [order["id"] for order in mine] == ["ord-1", "ord-3"]
    open_ones = (await client.get("/v1/orders", params={"state": ["in_use", "settled"]})).json()["orders"]
    assert len(open_ones) == 5
    assert (await client.get("/v1/orders", params={"state": "settled"})).json() == {
        "orders": [],
        "next": None,
    }


async def test_a_user_who_names_another_user_sees_only_their_own(
    client: httpx2.AsyncClient, store: PlatformStore
) -> None:
    await store.commit(Changes(), books.walk_up_rental())
    params = {"user": books.USER}
    stranger = await client.get("/v1/orders", params=params, headers=bearer("usr-stranger"))
    assert stranger.json()["orders"] == []


@pytest.mark.parametrize("cursor", ["x", "", "MTIz", "Li4vLi4", "MS5vcmQtMQ==x", "%00"])
async def test_a_cursor_that_is_not_ours_is_a_problem(client: httpx2.AsyncClient, cursor: str) -> None:
    details = problem(await client.get("/v1/orders", params={"cursor": cursor}), 422, "invalid_request")
    assert details["errors"][0]["pointer"] == "cursor"


async def test_an_operator_gets_all_cabinets_by_the_page(client: httpx2.AsyncClient) -> None:
    client.headers.update(bearer("opr-anna"))
    whole = (await client.get("/v1/cabinets")).json()
    assert [cabinet["cabinet"] for cabinet in whole["cabinets"]] == ["cab-0003", "cab-0004"]
    first = (await client.get("/v1/cabinets", params={"limit": 1})).json()
    assert ([cabinet["cabinet"] for cabinet in first["cabinets"]], first["next"]) == (
        ["cab-0003"],
        "cab-0003",
    )
    rest = (await client.get("/v1/cabinets", params={"limit": 1, "cursor": first["next"]})).json()
    assert ([cabinet["cabinet"] for cabinet in rest["cabinets"]], rest["next"]) == (["cab-0004"], None)
    assert rest["cabinets"][0]["distance_m"] is None


async def test_half_a_place_is_a_problem_for_everybody(client: httpx2.AsyncClient) -> None:
    problem(await client.get("/v1/cabinets", params={"lat": 43}), 422, "invalid_request")
    problem(
        await client.get("/v1/cabinets", params={"lon": 5}, headers=bearer("opr-anna")),
        422,
        "invalid_request",
    )


# The description.


async def test_the_description_is_openapi_3_1_and_documents_the_problems(client: httpx2.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) == {path for _, path in TABLE}
    place = described["paths"]["/v1/orders"]["post"]
    assert {"201", "401", "403", "404", "409", "422", "504"} <= set(place["responses"])
    for status in ("401", "409", "422", "504"):
        ((media_type, content),) = place["responses"][status]["content"].items()
        assert media_type == "application/problem+json"
        name = content["schema"]["$ref"].removeprefix("#/components/schemas/")
        assert "instance" in described["components"]["schemas"][name]["properties"]


async def test_what_is_sent_and_what_is_answered_have_examples_that_are_true(
    client: httpx2.AsyncClient,
) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    wanted = {
        "LogIn", "SessionBody", "AccountBody", "TicketBody", "OrderRequest", "CancelRequest",
        "ReturnRequest", "DoneBody", "OrderSummary", "OrderBody", "OrdersBody", "CabinetBody",
        "CabinetFileBody", "CabinetsBody", "QuoteBody", "TariffBody", "HealthBody",
        "DisputeRequest", "DisputeBody", "DisputesBody", "AnswerRequest", "WaiverRequest", "EndRequest",
        "TripBody", "TripsBody", "ApproachBody", "CommandRequest", "CommandBody", "CommandedBody",
    }  # fmt: skip
    assert not [name for name in wanted if not schemas[name].get("examples")]
    for schema in map(schemas.__getitem__, wanted):
        members = schema["properties"]
        # The description leaves null members out.
        needed = {name for name in schema.get("required", ()) if {"type": "null"} not in kinds(members[name])}
        for example in schema["examples"]:
            assert needed <= set(example) <= set(members)


def kinds(member: dict[str, Any]) -> list[dict[str, str]]:
    return list(member.get("anyOf", ()))
