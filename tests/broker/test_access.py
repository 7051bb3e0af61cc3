import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeloop.broker import Credentials
from chargeloop.broker.access import AccessRules, covers
from chargeloop.broker.credentials import role_of
from chargeloop.protocol.topics import KIND_OF_ROLE, ROOT, TOPICS, WORLD_ROOT, Role, TopicSpec, parse_topic

REGIONS = ("north", "south")
BODIES = ("1", "2", "main")
ROLES = st.sampled_from(sorted(Role))
SPECS = st.sampled_from(list(TOPICS.values()))


def rules_of(client: str, region: str = "north") -> AccessRules:
    return AccessRules.of(Credentials(client, role_of(client), region, "secret"))


@st.composite
def clients(draw: st.DrawFn, roles: st.SearchStrategy[Role] = ROLES) -> str:
    return f"{KIND_OF_ROLE[draw(roles)]}-{draw(st.sampled_from(BODIES))}"


@st.composite
def topics(draw: st.DrawFn, specs: st.SearchStrategy[TopicSpec] = SPECS) -> str:
    """Draw a topic of the table."""
    spec = draw(specs)
    names = set(re.findall(r"\{(\w+)\}", spec.pattern)) - {"region"}
    ids = {
        name: f"ord-{draw(st.sampled_from(BODIES))}"
        if name == "order"
        else f"{KIND_OF_ROLE[Role(name)]}-{draw(st.sampled_from(BODIES))}"
        for name in sorted(names)
    }
    return spec.topic(draw(st.sampled_from(REGIONS)), **ids)


def may(client: str, region: str, topic: str, role: Role) -> bool:
    """Say by the table what a client of this role may do with a topic that `role` writes or reads."""
    parsed = parse_topic(topic)
    assert parsed is not None
    named = parsed.ids.get(str(role))
    return role_of(client) is role and parsed.region == region and named in {None, client}


@given(topic=topics(), client=clients(), region=st.sampled_from(REGIONS))
def test_exactly_the_writer_of_a_topic_may_publish_to_it(topic: str, client: str, region: str) -> None:
    parsed = parse_topic(topic)
    assert parsed is not None
    expected = may(client, region, topic, parsed.spec.writer)
    assert rules_of(client, region).allows_publish(topic) is expected


@given(topic=topics(), client=clients(), region=st.sampled_from(REGIONS))
def test_exactly_the_readers_of_a_topic_are_sent_it(topic: str, client: str, region: str) -> None:
    parsed = parse_topic(topic)
    assert parsed is not None
    expected = any(may(client, region, topic, reader) for reader in parsed.spec.readers)
    assert rules_of(client, region).allows_delivery(topic) is expected


@pytest.mark.parametrize("name", TOPICS)
def test_every_topic_has_one_writer_among_all_participants(name: str) -> None:
    spec = TOPICS[name]
    own = {str(role): f"{kind}-1" for role, kind in KIND_OF_ROLE.items()} | {"order": "ord-1"}
    names = set(re.findall(r"\{(\w+)\}", spec.pattern)) - {"region"}
    topic = spec.topic("north", **{name: own[name] for name in names})
    everybody = [f"{kind}-{body}" for kind in KIND_OF_ROLE.values() for body in ("1", "2")]
    writers = {client for client in everybody if rules_of(client).allows_publish(topic)}
    # A platform writes the topics of its whole region, whichever of its kind runs there; only one does.
    expected = {"1"} if str(spec.writer) in names else {"1", "2"}
    assert writers == {f"{KIND_OF_ROLE[spec.writer]}-{body}" for body in expected}


@given(client=clients(), topic=topics())
def test_nobody_reaches_into_another_region(client: str, topic: str) -> None:
    rules = rules_of(client, "west")
    assert not rules.allows_publish(topic)
    assert not rules.allows_delivery(topic)


@given(client=clients(), topic=topics(), data=st.data())
def test_an_allowed_subscription_never_matches_a_topic_that_is_not_granted(
    client: str, topic: str, data: st.DataObject
) -> None:
    rules = rules_of(client)
    levels = topic.split("/")
    wild = data.draw(st.sets(st.integers(0, len(levels) - 1)))
    asked = "/".join("+" if place in wild else level for place, level in enumerate(levels))
    if rules.allows_subscribe(asked):
        assert rules.allows_delivery(topic)


@pytest.mark.parametrize(
    "asked", ["#", "+/#", "cl/#", "cl/v1/north/#", "$SYS/#", "cl/v1/north/cabinet/cab-1/#"]
)
def test_a_filter_that_reaches_to_the_end_is_never_wholly_allowed(asked: str) -> None:
    assert not any(rules_of(f"{kind}-1").allows_subscribe(asked) for kind in KIND_OF_ROLE.values())


@pytest.mark.parametrize(
    "topic", ["cl/v1/north/cabinet/cab-1/#", "cl/v1/north/cabinet/+/event", "+", "#", ""]
)
def test_nobody_publishes_to_a_filter(topic: str) -> None:
    assert not any(rules_of(f"{kind}-1").allows_publish(topic) for kind in KIND_OF_ROLE.values())


def test_a_phone_reads_no_other_phones_position_and_no_address() -> None:
    phone = rules_of("cou-1")
    assert not phone.allows_subscribe("cl/v1/north/courier/+/position")
    assert not phone.allows_delivery("cl/v1/north/courier/cou-2/offer")
    assert phone.allows_subscribe("cl/v1/north/courier/cou-1/offer")


def test_hands_of_the_simulated_world_reach_only_where_they_stand() -> None:
    user = rules_of("usr-1")
    assert user.allows_publish(f"{WORLD_ROOT}/north/fingers/usr-1/at/cab-9")
    assert not user.allows_publish(f"{WORLD_ROOT}/north/fingers/usr-2/at/cab-9")
    assert user.allows_subscribe(f"{WORLD_ROOT}/north/shelf/+/for/usr-1")
    assert not user.allows_subscribe(f"{WORLD_ROOT}/north/shelf/+/for/+")


@pytest.mark.parametrize("role", sorted(Role))
def test_rules_lie_under_the_two_roots(role: Role) -> None:
    rules = rules_of(f"{KIND_OF_ROLE[role]}-1")
    assert all(
        text.startswith((f"{ROOT}/north/", f"{WORLD_ROOT}/north/")) for text in rules.writes + rules.reads
    )


@pytest.mark.parametrize(
    ("rule", "asked", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/b", "a/+", False),
        ("a/+", "a/b/c", False),
        ("a/+", "a/#", False),
        ("a/+", "a", False),
        ("a/+", "A/b", False),
    ],
)
def test_a_rule_covers_what_it_matches(rule: str, asked: str, *, expected: bool) -> None:
    assert covers(rule, asked) is expected
