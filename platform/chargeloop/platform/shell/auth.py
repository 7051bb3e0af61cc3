"""Who is asking: a bearer token of the HTTP gateway is checked against the credentials of the broker.

A token is `<user id>:<password>` with the password the user's devices connect to the broker with. Real
installations will put an identity provider here; the gateway needs no more than `Tokens.user_of`.
"""

import hmac

from chargeloop.broker.credentials import CredentialStore, UnknownClientError
from chargeloop.protocol.ids import IdKind, RegionId, UserId, is_id

# Compared against when the user is unknown, so that the answer takes as long as for a wrong password.
_NOBODY = "no password has this length, as none was drawn by us"


class Tokens:
    """Checks the tokens of one region's users."""

    def __init__(self, credentials: CredentialStore, region: RegionId) -> None:
        self._credentials = credentials
        self._region = region

    def user_of(self, token: str) -> UserId | None:
        """Return the user whose token this is, or None when it is nobody's here."""
        client, _, password = token.partition(":")
        if not is_id(IdKind.USER, client):
            return None
        expected = self._password_of(client)
        known = hmac.compare_digest(password.encode(), (_NOBODY if expected is None else expected).encode())
        return UserId(client) if known and expected is not None else None

    def _password_of(self, client: str) -> str | None:
        try:
            credentials = self._credentials.load(client)
        except UnknownClientError:
            return None
        return credentials.password if credentials.region == self._region else None
