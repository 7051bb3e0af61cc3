"""The benchmark's pure parts."""

import io
import json
import struct

import pytest
from rich.console import Console

from chargeloop.cli.bench import packets, report
from chargeloop.cli.bench.figures import Better, Finding, Measure, Trial, Verdict, percentile
from chargeloop.cli.bench.filled import clock_of
from chargeloop.cli.bench.load import last_number, number_of, text_of
from chargeloop.cli.bench.measures import NAMES
from chargeloop.cli.bench.messages import BenchCabinet, filter_of
from chargeloop.cli.bench.nearest import DisagreeError, require_alike
from chargeloop.cli.bench.runner import chosen
from chargeloop.cli.errors import CommandError
from chargeloop.protocol.clock_map import DeviceTime
from chargeloop.protocol.codec import Fault, decode
from chargeloop.protocol.messages.common import SyncSample
from chargeloop.protocol.time import DAY_MS

NOW_MS = 1_795_000_000_000
RATE = Measure("rate", "events", "a bare subscriber", "times", Better.HIGHER, 0.5, 0.8)
TIME = Measure("time", "a search", "-", "us", Better.LOWER, 100, 100)


def test_the_nearest_rank_is_the_percentile() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (50, 99, 100)
    assert percentile([3.0], 1) == 3


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_finding_is_the_median_of_its_trials_and_of_each_other_figure() -> None:
    finding = Finding(RATE, tuple(Trial(figure, {"per_s": 10 * figure}) for figure in (0.9, 0.2, 0.6)))
    assert finding.figure == 0.6
    assert finding.others == {"per_s": 6.0}


@pytest.mark.parametrize(
    ("measure", "figure", "verdict"),
    [
        (RATE, 0.49, Verdict.NOT_REACHED),
        (RATE, 0.5, Verdict.FIRST_REACHED),
        (RATE, 0.8, Verdict.REACHED),
        (TIME, 100, Verdict.REACHED),
        (TIME, 100.1, Verdict.NOT_REACHED),
    ],
)
def test_a_figure_is_compared_with_both_goals(measure: Measure, figure: float, verdict: Verdict) -> None:
    assert Finding(measure, (Trial(figure),)).verdict is verdict


def test_the_table_shows_a_row_for_each_finding_and_why_one_was_skipped() -> None:
    findings = [Finding(RATE, (Trial(0.25, {"per_s": 12_345.0}),)), Finding(TIME, skipped="scipy is missing")]
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(report.table({"cpu": "X", "cores": "2"}, findings))
    shown = console.export_text()
    assert "cpu X, cores 2" in shown
    assert "0.25 times" in shown
    assert "≥ 0.5, then 0.8 times" in shown
    assert "per_s 12,345" in shown
    assert "scipy is missing" in shown


def test_the_document_holds_every_trial_and_the_verdict() -> None:
    finding = Finding(RATE, (Trial(0.4), Trial(0.6), Trial(0.5)))
    document = json.loads(json.dumps(report.document({"cpu": "X"}, [finding], quick=True)))
    record = document["measures"][0]
    assert (record["median"], record["trials"], record["verdict"]) == (0.5, [0.4, 0.6, 0.5], "first reached")


def test_measures_are_chosen_by_name_in_the_order_of_the_table() -> None:
    assert [measure.name for measure in chosen(["nearest", "events-50"])] == ["events-50", "nearest"]
    assert [measure.name for measure in chosen([])] == list(NAMES)
    with pytest.raises(CommandError, match="there is no measure 'fast'"):
        chosen(["fast"])


def test_packets_are_split_where_they_end_and_the_rest_is_kept() -> None:
    body = b"x" * 300
    whole = packets.publish("a/b", body, 7)
    received = bytearray(whole + whole[:100])
    first = list(packets.split(received))
    assert [packet.body[-300:] for packet in first] == [body]
    assert bytes(received) == whole[:100]
    received += whole[100:]
    assert len(list(packets.split(received))) == 1
    assert not received


def test_a_received_message_is_read_back() -> None:
    topic, payload = "cl/v1/bench/cabinet/cab-1/ack", b'{"seq":4}'
    packet = packets.Packet(3, 0, struct.pack(">H", len(topic)) + topic.encode() + payload)
    assert packet.is_publish
    assert packet.message() == (topic, payload)


def test_the_load_reads_the_digits_and_texts_it_needs() -> None:
    payload = b'{"journalid":"jnl-1","seq":12,"data":{"journal":"jnl-9","seq":345}}'
    assert number_of(payload, b'"seq":') == 12
    assert last_number(payload) == 345
    assert text_of(payload, b'"journalid":"') == "jnl-1"
    assert not text_of(payload, b'"causationid":"')


def test_what_a_cabinet_of_the_benchmark_says_passes_the_strict_codec() -> None:
    cabinet = BenchCabinet(3, NOW_MS)
    said = [payload for _, payload in cabinet.introduction()]
    said += [cabinet.ordinary() for _ in range(8)]
    said += [cabinet.inventory(), cabinet.snapshot()]
    assert not [payload for payload in said if isinstance(decode(payload), Fault)]
    assert cabinet.seq == 9


def test_a_cabinet_whose_memory_is_measured_has_a_clock_of_which_no_more_is_ever_known() -> None:
    clock = clock_of(BenchCabinet(3, NOW_MS), NOW_MS)
    assert [len(known.samples) for known in clock.boots] == [8] * 4
    last = clock.boots[-1]
    assert last.heard is not None
    uptime_ms = last.heard.uptime_ms + 1_000
    exchange = SyncSample(platform_time=NOW_MS, sent_uptime_ms=uptime_ms, received_uptime_ms=uptime_ms)
    for boot in (last.boot, "boot-new"):
        clock = clock.learn(DeviceTime(boot, uptime_ms, NOW_MS, None), exchange, NOW_MS + DAY_MS)
    assert sum(len(known.samples) for known in clock.boots) == 3 * 8 + 1


def test_a_search_that_finds_another_distance_than_the_one_compared_with_fails_the_measure() -> None:
    require_alike([100.0, None], [100.000_01, None])
    for wrong in (101.0, None):
        with pytest.raises(DisagreeError, match=r"1 of 2 searches found another distance"):
            require_alike([100.0, None], [wrong, None])


def test_a_filter_covers_all_of_a_row() -> None:
    assert filter_of("cabinet_event") == "cl/v1/bench/cabinet/+/event"
