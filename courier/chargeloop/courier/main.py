"""Build and run the courier platform of one region."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.clock import Clock
from chargeloop.broker.endpoint import Endpoint, EndpointPolicy
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.courier.core.region import DispatchRegion
from chargeloop.courier.core.rows import DispatchWrite
from chargeloop.courier.shell.store import DispatchStore
from chargeloop.protocol import fields
from chargeloop.protocol.ids import DispatchId
from chargeloop.protocol.time import SECOND_MS

DEFAULT_DISPATCH: Final = DispatchId("dsp-main")


class DispatchSettings(BaseModel):
    """What the courier platform must be told; `data` is the directory shared by all processes of a region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: fields.Region
    broker: BrokerAddress
    data: Path
    dispatch: DispatchId = DEFAULT_DISPATCH
    policy: DispatchPolicy = DispatchPolicy()


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A courier platform that is ready to run: its core, its store (open) and its endpoint."""

    region: DispatchRegion
    store: DispatchStore
    endpoint: Endpoint[DispatchWrite]


def patient(policy: DispatchPolicy, clock: Clock) -> DispatchPolicy:
    """Return the policy with every duration long enough for the wire, in a world that runs faster than it.

    A message and its answer take real milliseconds, which are many more of a scaled clock's.
    """
    return replace(
        policy,
        offer_life_ms=max(policy.offer_life_ms, clock.patience_ms(3 * SECOND_MS)),
        retry_ms=max(policy.retry_ms, clock.patience_ms(100)),
        give_up_offering_ms=max(policy.give_up_offering_ms, clock.patience_ms(6 * SECOND_MS)),
        notice_life_ms=max(policy.notice_life_ms, clock.patience_ms(2 * SECOND_MS)),
        presence_lease_ms=max(policy.presence_lease_ms, clock.patience_ms(10 * SECOND_MS)),
        reassign_after_ms=max(policy.reassign_after_ms, clock.patience_ms(10 * SECOND_MS)),
        banks_lost_after_ms=max(policy.banks_lost_after_ms, clock.patience_ms(30 * SECOND_MS)),
        job_limit_ms=max(policy.job_limit_ms, clock.patience_ms(120 * SECOND_MS)),
    )


async def build(settings: DispatchSettings, clock: Clock) -> Dispatch:
    """Return the courier platform, loaded from its store; run its endpoint, then close its store.

    Raises:
        UnknownClientError: no credentials have been granted to `settings.dispatch`.
        NotAStoreError: what is in the store's place is none.
    """
    credentials = CredentialStore.of_data(settings.data).load(settings.dispatch)
    policy = patient(settings.policy, clock)
    store = DispatchStore(settings.data / "courier" / "dispatch.sqlite3")
    await store.open()
    now_ms = clock.now_ms()
    rows = await store.rows(ended_after_ms=now_ms - policy.ended_kept_ms)
    region = DispatchRegion(settings.region, settings.dispatch, policy, rows, now_ms)
    endpoint = Endpoint(
        core=region,
        store=store,
        credentials=credentials,
        broker=settings.broker,
        clock=clock,
        policy=EndpointPolicy.of(clock),
    )
    return Dispatch(region, store, endpoint)


async def run(settings: DispatchSettings, clock: Clock, *, ready: Callable[[], None] | None = None) -> None:
    """Run the courier platform until cancelled; `ready` is called once it is connected and subscribed."""
    dispatch = await build(settings, clock)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(dispatch.endpoint.run())
            await dispatch.endpoint.wait_ready()
            if ready is not None:
                ready()
    finally:
        await dispatch.store.close()
