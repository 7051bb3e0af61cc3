"""topics.md is what the topic table says."""

import re
from pathlib import Path

from tools.topics_md import MARKER, TOPICS_MD, example, reference

from chargeloop.protocol.codec import decode
from chargeloop.protocol.envelope import Envelope
from chargeloop.protocol.topics import TOPICS


def test_the_reference_part_of_topics_md_is_what_the_topic_table_says() -> None:
    written = TOPICS_MD.read_text(encoding="utf-8").partition(MARKER)[2]
    assert written == "\n" + reference(), "run .venv/bin/python tools/topics_md.py"


def test_every_example_of_every_topic_is_a_message_we_would_take() -> None:
    for spec in TOPICS.values():
        for model in spec.messages:
            assert isinstance(decode(example(spec, model).encode()), Envelope)


def test_the_guide_names_only_topics_and_messages_that_exist() -> None:
    guide = TOPICS_MD.read_text(encoding="utf-8").partition(MARKER)[0]
    types = {
        model.TYPE.removeprefix("chargeloop.").removesuffix(".v1")
        for spec in TOPICS.values()
        for model in spec.messages
    }
    named = set(re.findall(r"`((?:rental|cabinet|delivery|courier|common)\.[a-z_]+)`", guide))
    assert named
    assert named <= types


def test_the_acceptance_tests_the_guide_speaks_of_exist() -> None:
    assert (Path(TOPICS_MD).parent / "tests" / "acceptance").is_dir()
