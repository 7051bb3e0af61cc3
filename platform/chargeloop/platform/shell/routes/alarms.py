"""Alarms: one list for all operators, and what they do about each."""

from typing import Annotated, Any, Final, Literal, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from chargeloop.platform.core.alarms import Alarm, AlarmKind, Handling, Severity, SubjectKind
from chargeloop.platform.shell import problems
from chargeloop.platform.shell.asking import COMMAND_PROBLEMS, READ_PROBLEMS, AnOperator, AskedServices
from chargeloop.platform.shell.services import Services
from chargeloop.platform.shell.strict import StrictRoute
from chargeloop.protocol.time import format_instant

_MOST: Final = 500

router: Final = APIRouter(route_class=StrictRoute, prefix="/alarms", tags=["alarms"])


class SubjectBody(BaseModel):
    """What an alarm points at."""

    kind: SubjectKind
    id: str


class HandlingBody(BaseModel):
    """Who did something, when, and why."""

    by: str
    at: str
    reason: str | None = None

    @classmethod
    def of(cls, done: Handling | None) -> Self | None:
        """Return what was done, if it was."""
        if done is None:
            return None
        return cls(by=done.by, at=format_instant(done.at_ms), reason=done.reason or None)


_EXAMPLE: Final[dict[str, Any]] = {
    "id": "alm-5f0c2b7d9e1a3f4b6c8d",
    "kind": "slot_jammed",
    "subject": {"kind": "cabinet", "id": "cab-0003"},
    "part": "3",
    "severity": "warning",
    "since": "2026-11-24T09:12:00.000Z",
    "cleared": None,
    "text": "slot 3 of Harbour Café is out of order and holds bnk-000017",
    "acknowledged": {"by": "opr-anna", "at": "2026-11-24T09:13:10.000Z", "reason": None},
    "assignee": "opr-anna",
    "closed": None,
}


class AlarmBody(BaseModel):
    """An alarm: `cleared` is when its cause was over, null while it lasts.

    `part` tells alarms of one kind and subject apart: its slot, state or topic. Some have none.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    kind: AlarmKind
    subject: SubjectBody
    part: str
    severity: Severity
    since: str
    cleared: str | None
    text: str
    acknowledged: HandlingBody | None
    assignee: str | None
    closed: HandlingBody | None

    @classmethod
    def of(cls, alarm: Alarm) -> Self:
        """Return an alarm as it stands."""
        return cls(
            id=alarm.id,
            kind=alarm.key.kind,
            subject=SubjectBody(kind=alarm.key.subject_kind, id=alarm.key.subject),
            part=alarm.key.part,
            severity=alarm.severity,
            since=format_instant(alarm.since_ms),
            cleared=None if alarm.cleared_ms is None else format_instant(alarm.cleared_ms),
            text=alarm.text,
            acknowledged=HandlingBody.of(alarm.acknowledged),
            assignee=alarm.assignee,
            closed=HandlingBody.of(alarm.closed),
        )


class AlarmsBody(BaseModel):
    """Alarms; `total` is how many there are of the state asked for, of which these may be the first.

    Open ones are ordered by severity, critical first, and the latest first among those of one; closed ones by
    when they were closed, the latest first.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"alarms": [_EXAMPLE], "total": 1}]})

    alarms: list[AlarmBody]
    total: int


class AssignRequest(BaseModel):
    """Who is to look after an alarm: the id or the name of a person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"assignee": "opr-anna"}]})

    assignee: str = Field(min_length=1, max_length=60)


class CloseRequest(BaseModel):
    """Why an alarm is closed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "the slot was cleaned"}]}
    )

    reason: str = Field(min_length=1, max_length=300)


@router.get("", responses=READ_PROBLEMS)
async def list_alarms(
    services: AskedServices,
    _caller: AnOperator,
    state: Literal["open", "closed"] = "open",
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _MOST,
) -> AlarmsBody:
    """Return the alarms that are open, the severest first, or those that were closed last."""
    store = services.alarms
    is_open = state == "open"
    found = await (store.list_open(limit) if is_open else store.list_closed(limit))
    return AlarmsBody(
        alarms=[AlarmBody.of(alarm) for alarm in found], total=await store.count(is_open=is_open)
    )


@router.post("/{alarm}/acknowledge", responses=COMMAND_PROBLEMS)
async def acknowledge(alarm: str, services: AskedServices, caller: AnOperator) -> AlarmBody:
    """Say that somebody has seen it; who did so first stays. Repeated by the same operator it counts once."""
    done = Handling(caller.id, services.now_ms())
    return await _changed(services, alarm, await services.alarms.acknowledge(alarm, done))


@router.post("/{alarm}/assign", responses=COMMAND_PROBLEMS)
async def assign(alarm: str, body: AssignRequest, services: AskedServices, caller: AnOperator) -> AlarmBody:
    """Give it to somebody. Repeated by the same operator it counts once."""
    done = Handling(caller.id, services.now_ms())
    return await _changed(services, alarm, await services.alarms.assign(alarm, done, body.assignee))


@router.post("/{alarm}/close", responses=COMMAND_PROBLEMS)
async def close(alarm: str, body: CloseRequest, services: AskedServices, caller: AnOperator) -> AlarmBody:
    """Close it with a reason. While its cause lasts it is not raised again.

    Repeated by the same operator with the same reason it counts once, and is answered alike.
    """
    done = Handling(caller.id, services.now_ms(), body.reason)
    return await _changed(services, alarm, await services.alarms.close_alarm(alarm, done))


async def _changed(services: Services, alarm: str, changed: Alarm | None) -> AlarmBody:
    if changed is not None:
        return AlarmBody.of(changed)
    known = await services.alarms.get(alarm)
    raise problems.unknown_alarm() if known is None else problems.alarm_closed()
