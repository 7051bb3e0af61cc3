"""Every message of chargeloop by its type name; the topic table says where each may travel."""

from chargeloop.protocol.envelope import Data
from chargeloop.protocol.messages import cabinet, common, courier, delivery, rental, service, world

_MODULES = (common, cabinet, courier, delivery, rental, service, world)

MESSAGES: dict[str, type[Data]] = {
    model.TYPE: model
    for module in _MODULES
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, Data) and "TYPE" in vars(model)
}

__all__ = ["MESSAGES", "cabinet", "common", "courier", "delivery", "rental", "service", "world"]
