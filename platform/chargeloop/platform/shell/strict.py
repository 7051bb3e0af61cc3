"""Bodies of requests are read by the codec of messages, which takes nothing that two readers may differ on.

FastAPI by itself would take the last of two members of one name, NaN, and JSON in other encodings than UTF-8.
"""

import re
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from chargeloop.platform.shell.problems import MAX_BODY_BYTES
from chargeloop.protocol.codec import Fault, read_json

_TYPE: Final = "application/json"
_JSON: Final = re.compile(r"application/(.+\+)?json")


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def body(self) -> bytes:
        """Return the bytes of the body, if there is one.

        Raises:
            HTTPException: by its content type it is something else than JSON.
        """
        content = await super().body()
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content and _JSON.fullmatch(media_type) is None:
            sent = f"as {media_type}" if media_type else "without a Content-Type"
            detail = f"the body is sent {sent} and not as JSON: expected Content-Type {_TYPE}"
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
        return content

    async def json(self) -> Any:
        """Return the value of the body.

        Raises:
            HTTPException: it cannot be taken; the detail says why.
        """
        value = read_json(await self.body(), MAX_BODY_BYTES)
        if isinstance(value, Fault):
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, value.detail)
        return value


class StrictRoute(APIRoute):
    """A route of the interface: its bodies are read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
