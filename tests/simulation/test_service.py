"""A platform of the simulation: its records tell of what is durable, and of nothing else."""

from chargeloop.courier.core.courier import Courier
from chargeloop.courier.core.policy import DispatchPolicy
from chargeloop.courier.core.rows import DispatchWrite, SaveCourier
from chargeloop.protocol.effects import Effects
from chargeloop.protocol.ids import CourierId
from chargeloop.protocol.time import HOUR_MS
from chargeloop.simulation.city import BEGIN_MS
from chargeloop.simulation.dispatch import Dispatch
from chargeloop.simulation.faults import faults_of
from chargeloop.simulation.records import Record
from chargeloop.simulation.stage import Stage


def test_what_a_lost_transaction_told_is_told_again_when_it_happens_again() -> None:
    records = list[Record]()
    stage = Stage(1, BEGIN_MS, faults_of("none"), records.append)
    dispatch = Dispatch(stage, "r1", DispatchPolicy())
    dispatch.start()
    connected = Effects[DispatchWrite](
        writes=[SaveCourier(Courier(CourierId("cou-1"), connection_epoch=5, online=True))]
    )
    dispatch.observe(connected)
    dispatch.kill("during the commit")
    stage.loop.run(BEGIN_MS + HOUR_MS)
    dispatch.observe(connected)
    dispatch.restart()
    told = [record for record in records if record[0] == "presence"]
    assert told == [("presence", BEGIN_MS + HOUR_MS, "r1", "dsp-r1", "cou-1", 5, True)]
