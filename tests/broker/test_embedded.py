"""The embedded broker's gate, where one moment of a takeover decides who is in."""

import asyncio
from pathlib import Path

import aiomqtt
import pytest

from chargeloop.broker import Credentials
from chargeloop.broker.accounts import PROBE, Accounts, lets_in
from chargeloop.broker.device.connection import enter, leave
from chargeloop.broker.embedded import Gate, GatedBroker
from chargeloop.broker.ports import free_address


@pytest.mark.parametrize("change", ["renewed", "revoked"])
async def test_credentials_that_end_while_a_connection_is_taken_over_let_nobody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    accounts = Accounts(tmp_path)
    accounts.renew_probe()
    ada = accounts.store.grant("usr-ada", "demo")
    address, stop = free_address(), asyncio.Event()
    serving = asyncio.create_task(Gate(accounts).serve(address.host, address.port, stop))
    async with asyncio.timeout(60):
        while not await lets_in(address, PROBE, accounts.probe().password):
            pass
        older = aiomqtt.Client(
            address.host, address.port, username=ada.client, password=ada.password, identifier=ada.client
        )
        await enter(older)
        ending, go_on = asyncio.Event(), asyncio.Event()

        async def end_late(self: GatedBroker, client: str) -> None:
            ending.set()
            await go_on.wait()

        monkeypatch.setattr(GatedBroker, "end_session", end_late)
        taking_over = asyncio.create_task(lets_in(address, ada.client, ada.password))
        await ending.wait()
        _end(accounts, ada, change)
        go_on.set()
        assert await taking_over is False
        await leave(older)
        stop.set()
        await serving


def _end(accounts: Accounts, credentials: Credentials, change: str) -> None:
    if change == "renewed":
        accounts.store.renew(credentials.client, credentials.region)
    else:
        accounts.store.revoke(credentials.client)
