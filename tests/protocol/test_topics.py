"""The topic table: what it lets whom do, and that topics are read back as they were made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.protocol.ids import IdKind
from chargeloop.protocol.topics import (
    KIND_OF_ROLE,
    ROLE_OF_KIND,
    TOPICS,
    WORLD_ROOT,
    Delivery,
    Role,
    TopicSpec,
    parse_topic,
    source_of,
    subscriptions,
)

REGION = "demo"
IDS = {str(role): f"{kind}-0001" for role, kind in KIND_OF_ROLE.items()} | {"order": "ord-7a10"}

every_topic = pytest.mark.parametrize("spec", TOPICS.values(), ids=list(TOPICS))


def matches(pattern: str, topic: str) -> bool:
    """Tells whether an MQTT topic filter covers a topic (written anew here, from the standard)."""
    levels, parts = pattern.split("/"), topic.split("/")
    return len(levels) == len(parts) and all(
        level in {"+", part} for level, part in zip(levels, parts, strict=True)
    )


@every_topic
def test_a_topic_is_read_back_as_it_was_made(spec: TopicSpec) -> None:
    topic = parse_topic(spec.topic(REGION, **IDS))
    assert topic is not None
    assert topic.spec is spec
    assert topic.region == REGION
    assert topic.ids == {name: IDS[name] for name in topic.ids}
    assert topic.owner == IDS[spec.owner]


@every_topic
def test_a_malformed_id_or_region_is_no_topic(spec: TopicSpec) -> None:
    good = spec.topic(REGION, **IDS)
    for name in (name for name in IDS if f"{{{name}}}" in spec.pattern):
        for bad in ("+", "#", "", "CAB-1", "xyz-1", IDS[name] + "\n", IDS[name] + "-", "x" * 60):
            assert parse_topic(spec.topic(REGION, **{**IDS, name: bad})) is None
    for bad in ("+", "#", "", "Demo", "2demo", "demo "):
        assert parse_topic(spec.topic(bad, **IDS)) is None
    assert parse_topic(good + "/more") is None
    assert parse_topic("/" + good) is None
    assert parse_topic(good.upper()) is None
    assert parse_topic(good.replace("/v1/", "/v2/")) is None


@given(st.text())
def test_no_text_makes_the_parser_raise(text: str) -> None:
    parse_topic(text)


@given(
    st.lists(
        st.sampled_from([*IDS.values(), "cl", "clsim", "v1", REGION, "cabinet", "event", "+"]), max_size=8
    )
)
def test_what_is_parsed_is_of_the_table(parts: list[str]) -> None:
    text = "/".join(parts)
    topic = parse_topic(text)
    if topic is not None:
        assert topic.spec.topic(topic.region, **topic.ids) == text


@every_topic
def test_only_state_is_retained_and_only_lossy_messages_are_sent_at_qos_0(spec: TopicSpec) -> None:
    assert spec.retain == (spec.delivery is Delivery.STATE)
    assert spec.qos == (0 if spec.delivery is Delivery.LOSSY else 1)


@every_topic
def test_every_topic_has_messages_readers_and_a_writer_that_is_not_its_only_reader(spec: TopicSpec) -> None:
    assert spec.messages
    assert spec.readers
    assert spec.writer not in spec.readers
    assert spec.about.endswith(".")


@every_topic
def test_a_journal_names_the_topic_of_its_acknowledgements(spec: TopicSpec) -> None:
    assert (spec.acked_by is not None) == (spec.delivery is Delivery.JOURNAL)
    if spec.acked_by is not None:
        back = TOPICS[spec.acked_by]
        assert back.writer in spec.readers
        assert spec.writer in back.readers


@every_topic
def test_the_writer_may_write_its_own_topic_and_nobody_elses(spec: TopicSpec) -> None:
    for role in Role:
        client = IDS[str(role)]
        pattern = spec.write_filter(role, client, REGION)
        if role is not spec.writer:
            assert pattern is None
            continue
        assert pattern is not None
        assert matches(pattern, spec.topic(REGION, **IDS))
        assert not matches(pattern, spec.topic("elsewhere", **IDS))
        if f"{{{role}}}" in spec.pattern:
            foreign = f"{KIND_OF_ROLE[role]}-other"
            assert not matches(pattern, spec.topic(REGION, **{**IDS, str(role): foreign}))


@every_topic
def test_a_reader_gets_its_own_topics_and_a_service_those_of_its_region(spec: TopicSpec) -> None:
    for role in Role:
        client = IDS[str(role)]
        pattern = spec.read_filter(role, client, REGION)
        if role not in spec.readers:
            assert pattern is None
            continue
        assert pattern is not None
        assert matches(pattern, spec.topic(REGION, **IDS))
        assert not matches(pattern, spec.topic("elsewhere", **IDS))
        if f"{{{role}}}" in spec.pattern:
            foreign = f"{KIND_OF_ROLE[role]}-other"
            assert not matches(pattern, spec.topic(REGION, **{**IDS, str(role): foreign}))


@pytest.mark.parametrize("role", Role)
def test_a_participant_subscribes_to_what_it_reads_and_to_no_simulated_world(role: Role) -> None:
    client = IDS[str(role)]
    filters = subscriptions(role, client, REGION)
    readable = {name for name, spec in TOPICS.items() if role in spec.readers}
    covered = {
        name
        for name, spec in TOPICS.items()
        if any(matches(pattern, spec.topic(REGION, **IDS)) for pattern in filters)
    }
    assert covered == {name for name in readable if not TOPICS[name].pattern.startswith(WORLD_ROOT)}
    assert len(set(filters)) == len(filters)


def test_the_world_is_subscribed_to_by_name() -> None:
    filters = subscriptions(Role.CABINET, "cab-0001", REGION, only=["courier_hands", "cabinet_command"])
    assert filters == [
        "cl/v1/demo/cabinet/cab-0001/command",
        "clsim/v1/demo/hands/+/at/cab-0001",
    ]


def test_no_user_reads_a_courier_and_no_courier_a_user() -> None:
    for spec in TOPICS.values():
        real = not spec.pattern.startswith(WORLD_ROOT)
        if real and "{courier}" in spec.pattern:
            assert Role.USER not in spec.readers
        if real and "{user}" in spec.pattern:
            assert Role.COURIER not in spec.readers


def test_no_platform_takes_part_in_the_simulated_world() -> None:
    for spec in TOPICS.values():
        if spec.pattern.startswith(WORLD_ROOT):
            assert not {Role.RENTAL, Role.DISPATCH, Role.GATEWAY, Role.OPERATOR} & {
                spec.writer,
                *spec.readers,
            }


def test_every_role_that_connects_has_one_kind_of_id() -> None:
    assert {KIND_OF_ROLE[role] for role in Role} == set(ROLE_OF_KIND)
    assert IdKind.ORDER not in ROLE_OF_KIND
    assert source_of("cab-0001", Role.CABINET) == "cabinet/cab-0001"
