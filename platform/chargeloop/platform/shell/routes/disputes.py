"""Disputes about orders and their answers, and fees that are waived."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from chargeloop.platform.shell.asking import (
    COMMAND_PROBLEMS,
    READ_PROBLEMS,
    AnOperator,
    AskedOrder,
    AskedServices,
    AUser,
    MessageId,
    carried_out,
)
from chargeloop.platform.shell.bodies import (
    AnswerRequest,
    DisputeBody,
    DisputeRequest,
    DisputesBody,
    DoneBody,
    WaiverRequest,
)
from chargeloop.platform.shell.strict import StrictRoute
from chargeloop.protocol.ids import OperatorId, UserId
from chargeloop.protocol.messages.rental import AnswerDispute, OpenDispute, OrderEventId, WaiveFee

router: Final = APIRouter(route_class=StrictRoute, tags=["disputes"])


@router.post("/orders/{order}/disputes", status_code=HTTPStatus.CREATED, responses=COMMAND_PROBLEMS)
async def open_dispute(
    order: AskedOrder, body: DisputeRequest, services: AskedServices, caller: AUser, message_id: MessageId
) -> DoneBody:
    """Say that something is wrong: returned, but still charged. An operator will answer."""
    data = OpenDispute(user=UserId(caller.id), order=order, bank=body.bank, text=body.text)
    return await carried_out(services, data, message_id)


@router.post("/orders/{order}/disputes/{dispute}/answer", responses=COMMAND_PROBLEMS)
async def answer_dispute(  # noqa: PLR0913, PLR0917 - each is a part of the request
    order: AskedOrder,
    dispute: OrderEventId,
    body: AnswerRequest,
    services: AskedServices,
    caller: AnOperator,
    message_id: MessageId,
) -> DoneBody:
    """Answer a dispute, once; the user reads it with the order."""
    data = AnswerDispute(operator=OperatorId(caller.id), order=order, dispute=dispute, text=body.text)
    return await carried_out(services, data, message_id)


@router.post("/orders/{order}/waivers", responses=COMMAND_PROBLEMS)
async def waive_fee(
    order: AskedOrder,
    body: WaiverRequest,
    services: AskedServices,
    caller: AnOperator,
    message_id: MessageId,
) -> DoneBody:
    """Take a standing fee line of a settled order back, for good; a reversing line is added."""
    data = WaiveFee(operator=OperatorId(caller.id), order=order, line=body.line, reason=body.reason)
    return await carried_out(services, data, message_id)


@router.get("/disputes", responses=READ_PROBLEMS)
async def list_disputes(
    services: AskedServices,
    _caller: AnOperator,
    answered: Annotated[bool | None, Query(description="only those with, or without, an answer")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> DisputesBody:
    """Return the disputes that were opened last, the newest first."""
    orders = await run_in_threadpool(services.reader.disputed, limit, answered=answered)
    found = [
        (dispute.opened_ms, DisputeBody.of(order, dispute))
        for order in orders
        for dispute in order.disputes
        if answered is None or answered is (dispute.answer is not None)
    ]
    newest = sorted(found, key=lambda one: one[0], reverse=True)
    return DisputesBody(disputes=[body for _, body in newest[:limit]])
