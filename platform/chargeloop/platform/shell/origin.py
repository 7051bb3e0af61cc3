"""Whether a page of our own is asking: browsers tell a page's origin, and nobody else need tell anything."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def same_origin(headers: Mapping[str, str]) -> bool:
    """Tell whether the Origin header, where there is one, names the host that was asked.

    Only host and port are compared: behind a proxy that speaks TLS the scheme we see is not the page's.
    """
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        asked = urlsplit(origin)
    except ValueError:
        return False
    return asked.scheme in {"http", "https"} and asked.netloc.lower() == headers.get("host", "").lower() != ""
