"""Headers that keep browsers from being turned against their users, on every answer."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing but our own files, and no script in a page's text. Workers of the map are made from blobs, and its
# images too; `self` covers the WebSocket of the same origin. Frames of others cannot show our pages. A map
# that lies elsewhere is fetched from its one origin.
_CONTENT: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{map};"
    " connect-src 'self'{map};"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(self), camera=(self), screen-wake-lock=(self)"),
)
_NOT_KEPT: Final = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Adds the headers; and what the interface answers is kept by nobody on the way.

    `map_origin` is where the pages may fetch a map from, when that is elsewhere.
    """

    def __init__(self, app: ASGIApp, map_origin: str | None = None) -> None:
        self._app = app
        content = _CONTENT.format(map="" if map_origin is None else f" {map_origin}")
        self._headers = ((b"content-security-policy", content.encode()), *_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application and add to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
                if scope["path"].startswith("/v1/"):
                    message["headers"].append(_NOT_KEPT)
            await send(message)

        await self._app(scope, receive, guarded)
