"""What users who dispute and operators want, as records: the checker compares it with what came of it."""

from typing import Final

from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages.rental import (
    AnswerDispute,
    CancelOrder,
    CommandCabinet,
    EndOrder,
    OpenDispute,
    WaiveFee,
)
from chargeloop.simulation.stage import Stage

_TOLD: Final = OpenDispute | AnswerDispute | WaiveFee | EndOrder | CancelOrder | CommandCabinet


def tell_wish(stage: Stage, region: str, who: str, request: str, data: Data) -> None:
    """Tell what a request wants, when it is one of those that the checker follows."""
    if isinstance(data, _TOLD):
        target = data.cabinet if isinstance(data, CommandCabinet) else data.order
        name = data.TYPE.split(".")[2]
        stage.record("wish", region, who, request, name, target, data.model_dump_json())
