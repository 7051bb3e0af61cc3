"""Acknowledgements from a template are the messages that the codec would have written."""

from hypothesis import given
from hypothesis import strategies as st

from chargeloop.broker.endpoint.acknowledging import acknowledger
from chargeloop.protocol.codec import JSON, encode, seal
from chargeloop.protocol.messages.common import JournalAck
from chargeloop.protocol.time import MAX_INSTANT_MS

IDS = st.from_regex(r"[a-z0-9]{1,20}\.[0-9]{1,4}\.[0-9]{1,9}", fullmatch=True)
JOURNALS = st.from_regex(r"jnl-[a-z0-9]{1,20}", fullmatch=True)


@given(
    message=IDS,
    time_ms=st.integers(0, MAX_INSTANT_MS),
    journal=JOURNALS,
    seq=st.integers(0, 2**53),
    gap=st.booleans(),
)
def test_the_bytes_are_those_of_the_codec(
    message: str, time_ms: int, journal: str, seq: int, *, gap: bool
) -> None:
    ack = JournalAck(journal=journal, seq=seq, gap=gap)  # type: ignore[arg-type]
    written = encode(seal(ack, id=message, source="rental/rnt-main", time=time_ms))
    assert acknowledger("rental/rnt-main", JSON)(message, time_ms, journal, seq, gap) == written


def test_a_source_may_be_called_like_a_part_of_the_template() -> None:
    for source in ("rental/message-id", "rental/jnl-sample", "rental/1234567890", "rental/false"):
        ack = JournalAck(journal="jnl-1", seq=3, gap=True)  # type: ignore[arg-type]
        written = encode(seal(ack, id="rnt.1.1", source=source, time=5))
        assert acknowledger(source, JSON)("rnt.1.1", 5, "jnl-1", 3, True) == written
