"""What services say about themselves."""

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from chargeloop.protocol import fields
from chargeloop.protocol.envelope import Data


class ServiceStats(Data):
    """Counters since the service's store was made; they only rise, but for the depth of the outbox."""

    TYPE: ClassVar[str] = "chargeloop.service.stats.v1"
    EXAMPLE: ClassVar[str] = '{"received":1204,"published":988,"duplicates":3,"quarantined":0,"outbox":2}'

    received: fields.Count
    published: fields.Count
    duplicates: fields.Count
    quarantined: fields.Count
    outbox: fields.Count


class Quarantined(Data):
    """A message that could not be understood was stored, acknowledged and set aside; nobody is stuck."""

    TYPE: ClassVar[str] = "chargeloop.service.quarantined.v1"
    EXAMPLE: ClassVar[str] = (
        '{"on_topic":"cl/v1/demo/cabinet/cab-0001/event","fault":"unknown_type","detail":"chargeloop.cabinet.sneezed.v1",'
        '"size":212,"payload_sha256":"0f3c1d7e5b9a2c4d6e8f00112233445566778899aabbccddeeff001122334455"}'
    )

    on_topic: Annotated[str, StringConstraints(max_length=256)]
    fault: Annotated[str, StringConstraints(max_length=40)]
    detail: Annotated[str, StringConstraints(max_length=200)]
    size: fields.Count
    payload_sha256: fields.Sha256
