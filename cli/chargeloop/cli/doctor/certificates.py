"""The certificate and key for TLS: readable, belonging together, valid for a while."""

import math
import ssl
import time
from pathlib import Path
from typing import Final

from chargeloop.cli.doctor.findings import Finding, fail, ok, warn

_DAY_S: Final = 86_400
_SOON_DAYS: Final = 14
_OTHERS: Final = 0o077
_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_NOT_YET: Final = 9  # X509_V_ERR_CERT_NOT_YET_VALID


class _LockedError(Exception):
    """The key asks for a password."""


def certificates(cert: Path, key: Path) -> list[Finding]:
    """Check a certificate chain and its key, both in PEM."""
    unreadable = [_unreadable(name, file) for name, file in (("certificate", cert), ("key", key))]
    if any(unreadable):
        return [finding for finding in unreadable if finding is not None]
    try:
        server = _server_context(cert, key)
    except _LockedError:
        return [
            fail(
                "key",
                f"{key} is locked by a password",
                "remove it: openssl pkey -in KEY -out NEW; chmod 600 NEW",
            )
        ]
    except (ssl.SSLError, OSError) as error:
        return [_unusable(cert, key, error)]
    return [_privacy(key), _validity(cert, server)]


def _unreadable(name: str, file: Path) -> Finding | None:
    try:
        file.read_bytes()
    except OSError as error:
        return fail(
            name, f"{file}: {(error.strerror or str(error)).lower()}", "name a PEM file that can be read"
        )
    return None


def _server_context(cert: Path, key: Path) -> ssl.SSLContext:
    def refuse() -> str:
        raise _LockedError

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key, password=refuse)
    return context


def _unusable(cert: Path, key: Path, error: Exception) -> Finding:
    reason = getattr(error, "reason", None) or str(error)
    if reason == "KEY_VALUES_MISMATCH":
        return fail(
            "certificate", f"{key} is not the key of {cert}", "give the two files that were made together"
        )
    return fail(
        "certificate",
        f"{cert} and {key} cannot be used: {str(reason).lower().replace('_', ' ')}",
        "give PEM files: the certificate first, then those that signed it",
    )


def _privacy(key: Path) -> Finding:
    mode = key.stat().st_mode
    if mode & _OTHERS:
        return warn("key", f"{key} can be read by others (mode {mode & 0o777:o})", f"chmod 600 {key}")
    return ok("key", f"{key} belongs to the certificate")


def _validity(cert: Path, server: ssl.SSLContext) -> Finding:
    try:
        shown = _shown_to_a_client(cert, server)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _EXPIRED:
            return fail("certificate", f"{cert} has expired", "renew it")
        if error.verify_code == _NOT_YET:
            return fail("certificate", f"{cert} is not valid yet", "look at the clock, or wait")
        return fail("certificate", f"{cert}: {error.verify_message}", "make a certificate for a server")
    ends_s = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    names = ", ".join(str(value) for _, value in _names(shown)) or "no name"
    days = math.floor((ends_s - time.time()) / _DAY_S)
    seen = f"for {names}, valid for {days} more days"
    if days < _SOON_DAYS:
        return warn("certificate", seen, "renew it soon")
    return ok("certificate", seen)


def _names(shown: dict[str, object]) -> list[tuple[str, str]]:
    found = shown.get("subjectAltName", ())
    return list(found) if isinstance(found, tuple) else []


def _shown_to_a_client(cert: Path, server: ssl.SSLContext) -> dict[str, object]:
    """Return the certificate as a client sees it that trusts this very one, by a handshake in memory.

    Raises:
        SSLCertVerificationError: it is not valid now.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(cert)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    waiting = set(ends)
    while ends[0] in waiting:
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.discard(end)
    return dict(ends[0].getpeercert() or {})
