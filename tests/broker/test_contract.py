"""What we rely on in a broker, over Mosquitto and over the embedded one.

That something does not arrive is shown by what does: the same publisher sends a marker afterwards, and as the
order of one publisher is kept, whatever else would have come stands before the marker.
"""

import asyncio
import socket
import subprocess
from collections.abc import Callable
from typing import Protocol

import pytest

from chargeloop.broker import Credentials
from chargeloop.broker.accounts import lets_in, wait_until_granted
from chargeloop.broker.limits import MAX_PACKET_BYTES
from chargeloop.protocol.codec import MAX_BYTES
from chargeloop.protocol.topics import TOPICS
from tests.broker.conftest import REGION, Site
from tests.broker.peer import PATIENCE_S, Peer

MARKER = b"marker"
NOT_AUTHORISED = 135  # paho tells CONNACK codes of MQTT 3.1.1 in those of MQTT 5


class Connects(Protocol):
    def __call__(
        self,
        credentials: Credentials,
        *,
        client_id: str | None = None,
        clean: bool = True,
        manual_ack: bool = False,
        will: tuple[str, bytes, bool] | None = None,
        keep_alive_s: int = 60,
    ) -> Peer: ...


def of_cabinet(name: str, cabinet: str, region: str = REGION) -> str:
    return TOPICS[f"cabinet_{name}"].topic(region, cabinet=cabinet)


def of_courier(name: str, courier: str) -> str:
    return TOPICS[f"courier_{name}"].topic(REGION, courier=courier)


def refusal(site: Site, peer: Peer) -> int:
    code, _ = peer.connect()
    peer.leave()
    return code


# State: retained, for whoever comes later.


def test_state_reaches_a_late_subscriber(site: Site, peer: Connects) -> None:
    cabinet = site.someone("cab")
    topic = of_cabinet("slots", cabinet.client)
    peer(cabinet).publish(topic, b"old", retain=True)
    peer(cabinet).publish(topic, b"new", retain=True)
    rental = peer(site.named("rnt-main"))
    rental.subscribe(topic)
    message = rental.next()
    assert (message.payload, message.retain) == (b"new", True)


def test_state_can_be_cleared(site: Site, peer: Connects) -> None:
    cabinet = peer(site.someone("cab"))
    topic = of_cabinet("slots", cabinet.name)
    cabinet.publish(topic, b"state", retain=True)
    cabinet.publish(topic, b"", retain=True)
    rental = peer(site.named("rnt-main"))
    rental.subscribe(topic)
    cabinet.publish(topic, MARKER)
    assert rental.until(MARKER) == []


def test_a_live_message_is_not_marked_as_retained(site: Site, peer: Connects) -> None:
    cabinet = peer(site.someone("cab"))
    rental = peer(site.named("rnt-main"))
    rental.subscribe(of_cabinet("slots", cabinet.name))
    cabinet.publish(of_cabinet("slots", cabinet.name), b"state", retain=True)
    assert rental.next().retain is False


# Delivery: at least once while connected, in order.


def test_an_acknowledged_event_arrives_with_quality_of_service_1(site: Site, peer: Connects) -> None:
    cabinet, rental = peer(site.someone("cab")), peer(site.named("rnt-main"))
    rental.subscribe(of_cabinet("event", "+"))
    cabinet.publish(of_cabinet("event", cabinet.name), b"event")
    message = rental.next()
    assert (message.topic, message.payload, message.qos) == (of_cabinet("event", cabinet.name), b"event", 1)


def test_the_order_of_one_publisher_is_kept(site: Site, peer: Connects) -> None:
    cabinet, rental = peer(site.someone("cab")), peer(site.named("rnt-main"))
    rental.subscribe(of_cabinet("event", "+"))
    sent = [b"%d" % number for number in range(300)]
    cabinet.publish_all(of_cabinet("event", cabinet.name), sent)
    assert [rental.next().payload for _ in sent] == sent


def test_the_order_across_topics_of_one_publisher_is_kept(site: Site, peer: Connects) -> None:
    rental, cabinets = peer(site.named("rnt-main")), [peer(site.someone("cab")) for _ in range(3)]
    watch = peer(site.named("opr-watch"))
    watch.subscribe(of_cabinet("command", "+"))
    topics = [of_cabinet("command", cabinets[number % 3].name) for number in range(60)]
    for number, topic in enumerate(topics):
        rental.offer(topic, b"%d" % number)
    assert [watch.next().payload for _ in topics] == [b"%d" % number for number in range(60)]


def test_what_was_acknowledged_arrives_although_its_sender_is_cut_at_once(site: Site, peer: Connects) -> None:
    rental, cabinet = peer(site.named("rnt-main")), site.someone("cab")
    rental.subscribe(of_cabinet("event", cabinet.client))
    for number in range(20):
        brief = peer(cabinet)
        brief.publish(of_cabinet("event", cabinet.client), b"%d" % number)
        brief.cut()
    assert [rental.next().payload for _ in range(20)] == [b"%d" % number for number in range(20)]


def test_nothing_is_lost_while_others_subscribe(site: Site, peer: Connects) -> None:
    cabinet, rental, other = (
        peer(site.someone("cab")),
        peer(site.named("rnt-main")),
        peer(site.someone("opr")),
    )
    rental.subscribe(of_cabinet("event", "+"))
    sent = [b"%d" % number for number in range(200)]
    for number, payload in enumerate(sent):
        cabinet.offer(of_cabinet("event", cabinet.name), payload)
        if number % 10 == 0:
            other.subscribe(of_cabinet("slots", f"cab-{number}"))
    assert [rental.next().payload for _ in sent] == sent


def test_overlapping_subscriptions_bring_a_message_once_or_once_for_each(site: Site, peer: Connects) -> None:
    cabinet, rental = peer(site.someone("cab")), peer(site.named("rnt-main"))
    rental.subscribe(of_cabinet("event", "+"), of_cabinet("event", cabinet.name))
    cabinet.publish(of_cabinet("event", cabinet.name), b"event")
    cabinet.publish(of_cabinet("event", cabinet.name), MARKER)
    assert {message.payload for message in rental.until(MARKER)} == {b"event"}


def test_what_was_not_acknowledged_comes_again_after_a_cut(
    site: Site, peer: Connects, falls_short: Callable[[str], None]
) -> None:
    falls_short("amqtt forgets messages in flight when their connection ends")
    cabinet, gateway = peer(site.named("rnt-main")), site.someone("gwy")
    topic = TOPICS["gateway_reply"].topic(REGION, gateway=gateway.client)
    reader = Peer(site.address, gateway, clean=False, manual_ack=True)
    reader.connect()
    reader.subscribe(topic)
    cabinet.publish_all(topic, [b"1", b"2"])
    reader.acknowledge(reader.next())
    reader.next()
    reader.cut()
    again = peer(gateway, clean=False)
    cabinet.publish(topic, MARKER)
    assert b"2" in {message.payload for message in again.until(MARKER)}


def test_what_was_sent_to_a_session_while_away_arrives_when_it_is_back(site: Site, peer: Connects) -> None:
    rental, gateway = peer(site.named("rnt-main")), site.someone("gwy")
    topic = TOPICS["gateway_reply"].topic(REGION, gateway=gateway.client)
    reader = Peer(site.address, gateway, clean=False)
    reader.connect()
    reader.subscribe(topic)
    reader.leave()
    # The goodbye and the first of these travel on different connections, so the first may still be sent to
    # the connection that is ending. The last ones are not.
    sent = [b"%d" % number for number in range(30)]
    for payload in sent:
        rental.publish(topic, payload)
    back = Peer(site.address, gateway, clean=False)
    assert back.connect() == (0, True)
    arrived = [*(message.payload for message in back.until(sent[-1])), sent[-1]]
    assert len(arrived) > 3
    assert arrived == sent[-len(arrived) :]
    back.leave()


def test_what_waited_for_a_session_is_not_marked_as_retained(
    site: Site, peer: Connects, falls_short: Callable[[str], None]
) -> None:
    falls_short("amqtt marks queued messages as retained ones")
    rental, gateway = peer(site.named("rnt-main")), site.someone("gwy")
    topic = TOPICS["gateway_reply"].topic(REGION, gateway=gateway.client)
    reader = Peer(site.address, gateway, clean=False)
    reader.connect()
    reader.subscribe(topic)
    reader.leave()
    for _ in range(30):
        rental.publish(topic, b"reply")
    assert peer(gateway, clean=False).next().retain is False


def test_a_clean_session_knows_nothing_of_the_one_before(site: Site, peer: Connects) -> None:
    rental, gateway = peer(site.named("rnt-main")), site.someone("gwy")
    topic = TOPICS["gateway_reply"].topic(REGION, gateway=gateway.client)
    first = Peer(site.address, gateway, clean=False)
    first.connect()
    first.subscribe(topic)
    first.leave()
    rental.publish(topic, b"reply")
    second = peer(gateway)
    second.subscribe(topic)
    rental.publish(topic, MARKER)
    assert second.until(MARKER) == []


def test_a_payload_as_large_as_the_codec_takes_arrives(site: Site, peer: Connects) -> None:
    cabinet, rental = peer(site.someone("cab")), peer(site.named("rnt-main"))
    rental.subscribe(of_cabinet("event", "+"))
    cabinet.publish(of_cabinet("event", cabinet.name), b"x" * MAX_BYTES)
    assert len(rental.next().payload) == MAX_BYTES


def test_a_packet_that_is_too_large_ends_the_connection_and_goes_nowhere(site: Site, peer: Connects) -> None:
    cabinet, rental = site.someone("cab"), peer(site.named("rnt-main"))
    rental.subscribe(of_cabinet("event", "+"))
    loud = peer(cabinet)
    loud.offer(of_cabinet("event", cabinet.client), b"x" * MAX_PACKET_BYTES)
    loud.wait_until_ended()
    peer(cabinet).publish(of_cabinet("event", cabinet.client), MARKER)
    assert rental.until(MARKER) == []


# Presence: last wills.


def test_a_cut_connection_publishes_its_last_will(site: Site, peer: Connects) -> None:
    cabinet, rental = site.someone("cab"), peer(site.named("rnt-main"))
    topic = of_cabinet("connection", cabinet.client)
    rental.subscribe(topic)
    Peer.cut(peer(cabinet, will=(topic, b"gone", True)))
    assert rental.next().payload == b"gone"
    late = peer(site.named("opr-watch"))
    late.subscribe(topic)
    message = late.next()
    assert (message.payload, message.retain) == (b"gone", True)


def test_an_orderly_goodbye_sends_no_last_will(site: Site, peer: Connects) -> None:
    cabinet, rental = site.someone("cab"), peer(site.named("rnt-main"))
    topic = of_cabinet("connection", cabinet.client)
    rental.subscribe(topic)
    with Peer(site.address, cabinet, will=(topic, b"gone", True)):
        pass
    peer(cabinet).publish(topic, MARKER)
    assert rental.until(MARKER) == []


def test_a_silent_connection_is_given_up_with_its_last_will(site: Site, peer: Connects) -> None:
    cabinet, rental = site.someone("cab"), peer(site.named("rnt-main"))
    topic = of_cabinet("connection", cabinet.client)
    rental.subscribe(topic)
    name, password = cabinet.client.encode(), cabinet.password.encode()
    fields = [name, topic.encode(), b"gone", name, password]
    body = b"\x00\x04MQTT\x04\xc6\x00\x01" + b"".join(len(one).to_bytes(2, "big") + one for one in fields)
    length = bytes([len(body)]) if len(body) < 128 else bytes([len(body) % 128 + 128, len(body) // 128])
    with socket.create_connection((site.address.host, site.address.port)) as silent:
        silent.sendall(b"\x10" + length + body)
        assert silent.recv(4) == b"\x20\x02\x00\x00"
        assert rental.next().payload == b"gone"


def test_the_last_will_of_a_connection_comes_before_what_its_successor_says(
    site: Site, peer: Connects
) -> None:
    cabinet, rental = site.someone("cab"), peer(site.named("rnt-main"))
    topic = of_cabinet("connection", cabinet.client)
    rental.subscribe(topic)
    older = peer(cabinet, will=(topic, b"gone", True))
    peer(cabinet).publish(topic, b"back", retain=True)
    older.wait_until_ended()
    assert [message.payload for message in rental.until(b"back")] == [b"gone"]


# Identity: nobody is let in without credentials, nobody is taken for another.


def test_nobody_anonymous_is_let_in(site: Site) -> None:
    assert refusal(site, Peer(site.address, site.someone("cab")).anonymous()) == NOT_AUTHORISED


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_is_refused(site: Site, password: str) -> None:
    cabinet = site.someone("cab")
    wrong = Credentials(cabinet.client, cabinet.role, cabinet.region, password)
    assert refusal(site, Peer(site.address, wrong)) == NOT_AUTHORISED


def test_an_unknown_name_is_refused(site: Site) -> None:
    cabinet = site.someone("cab")
    unknown = Credentials("cab-unknown", cabinet.role, cabinet.region, cabinet.password)
    assert refusal(site, Peer(site.address, unknown)) == NOT_AUTHORISED


@pytest.mark.parametrize("clean", [True, False])
def test_who_is_refused_does_not_disturb_the_one_whose_name_it_gave(
    site: Site, peer: Connects, *, clean: bool
) -> None:
    cabinet, rental = site.someone("cab"), peer(site.named("rnt-main"))
    honest = peer(cabinet, clean=clean)
    honest.subscribe(of_cabinet("command", cabinet.client))
    wrong = Credentials(cabinet.client, cabinet.role, cabinet.region, "wrong")
    assert refusal(site, Peer(site.address, wrong, clean=clean)) == NOT_AUTHORISED
    rental.publish(of_cabinet("command", cabinet.client), b"command")
    assert honest.next().payload == b"command"


def test_own_credentials_take_a_connection_over(site: Site, peer: Connects) -> None:
    cabinet, rental = site.someone("cab"), peer(site.named("rnt-main"))
    older = peer(cabinet)
    newer = peer(cabinet)
    older.wait_until_ended()
    newer.subscribe(of_cabinet("command", cabinet.client))
    rental.publish(of_cabinet("command", cabinet.client), b"command")
    assert newer.next().payload == b"command"


@pytest.mark.parametrize("clean", [True, False])
def test_nobody_takes_anothers_client_id_or_session(site: Site, peer: Connects, *, clean: bool) -> None:
    victim, thief, rental = site.someone("cab"), site.someone("cab"), peer(site.named("rnt-main"))
    honest = peer(victim, clean=clean)
    honest.subscribe(of_cabinet("command", victim.client))
    stealing = peer(thief, client_id=victim.client, clean=clean)
    stealing.subscribe(of_cabinet("command", thief.client))
    rental.publish(of_cabinet("command", victim.client), b"command")
    rental.publish(of_cabinet("command", thief.client), MARKER)
    assert honest.next().payload == b"command"
    assert stealing.until(MARKER) == []


def test_credentials_granted_while_the_broker_runs_are_let_in(site: Site, peer: Connects) -> None:
    steady = peer(site.someone("cab"))
    rental = peer(site.named("rnt-main"))
    rental.subscribe(of_cabinet("event", "+"))
    newcomer = site.store.grant(f"cab-late-{site.kind}", REGION)
    asyncio.run(wait_until_granted(site.address, newcomer))
    peer(newcomer).publish(of_cabinet("event", newcomer.client), b"new")
    assert rental.next().payload == b"new"
    steady.publish(of_cabinet("event", steady.name), b"steady")
    assert rental.next().payload == b"steady"


def test_revoked_credentials_end_the_connection_and_are_refused(site: Site, peer: Connects) -> None:
    operator = site.someone("opr")
    watching = peer(operator)
    site.store.revoke(operator.client)
    watching.wait_until_ended()
    assert refusal(site, Peer(site.address, operator)) == NOT_AUTHORISED


# Access: one writer for each topic, and only its readers.


def test_a_publish_on_anothers_topic_is_not_delivered(site: Site, peer: Connects) -> None:
    victim, cabinet = site.someone("cab"), peer(site.someone("cab"))
    rental = peer(site.named("rnt-main"))
    rental.subscribe(of_cabinet("event", "+"), of_cabinet("slots", victim.client))
    cabinet.publish(of_cabinet("event", victim.client), b"forged")
    cabinet.publish(of_cabinet("slots", victim.client), b"forged", retain=True)
    cabinet.publish(of_cabinet("event", cabinet.name), MARKER)
    assert rental.until(MARKER) == []
    late = peer(site.named("opr-watch"))
    late.subscribe(of_cabinet("slots", victim.client), of_cabinet("event", "+"))
    cabinet.publish(of_cabinet("event", cabinet.name), MARKER)
    assert late.until(MARKER) == []


def test_nobody_but_the_platform_commands_a_cabinet(site: Site, peer: Connects) -> None:
    cabinet = peer(site.someone("cab"))
    cabinet.subscribe(of_cabinet("command", cabinet.name))
    for prefix in ("cab", "cou", "usr", "opr", "gwy"):
        peer(site.someone(prefix)).publish(of_cabinet("command", cabinet.name), prefix.encode())
    for client in ("dsp-main", "rnt-south"):
        peer(site.named(client)).publish(of_cabinet("command", cabinet.name), client.encode())
    peer(site.named("rnt-main")).publish(of_cabinet("command", cabinet.name), MARKER)
    assert cabinet.until(MARKER) == []


def test_a_last_will_on_anothers_topic_is_not_delivered(site: Site, peer: Connects) -> None:
    victim, cabinet = site.someone("cab"), site.someone("cab")
    rental = peer(site.named("rnt-main"))
    rental.subscribe(*(of_cabinet("connection", client) for client in (victim.client, cabinet.client)))
    forger = Peer(site.address, cabinet, will=(of_cabinet("connection", victim.client), b"forged", True))
    if forger.connect()[0] == 0:
        forger.cut()
    else:
        forger.leave()
    peer(cabinet).publish(of_cabinet("connection", cabinet.client), MARKER)
    assert rental.until(MARKER) == []


@pytest.mark.parametrize("asked", ["#", "cl/v1/+/courier/+/position", "cl/v1/demo/#", "+/+/+/+/+/position"])
def test_wildcards_show_nobody_where_others_are(site: Site, peer: Connects, asked: str) -> None:
    courier, dispatch = peer(site.someone("cou")), peer(site.named("dsp-main"))
    dispatch.subscribe(of_courier("position", "+"), qos=0)
    spies = [peer(site.someone(prefix)) for prefix in ("cou", "usr", "cab")]
    for spy in spies:
        spy.subscribe(asked)
    courier.publish(of_courier("position", courier.name), b"here", qos=0)
    assert dispatch.next().payload == b"here"
    rental = peer(site.named("rnt-main"))
    own = {
        "cou": lambda name: dispatch.publish(of_courier("offer", name), MARKER),
        "usr": lambda name: rental.publish(TOPICS["user_reply"].topic(REGION, user=name), MARKER),
        "cab": lambda name: rental.publish(of_cabinet("command", name), MARKER),
    }
    for spy in spies:
        spy.subscribe(of_courier("offer", "+"), of_cabinet("command", "+"), "cl/v1/demo/user/+/reply")
        own[spy.name[:3]](spy.name)
        assert spy.until(MARKER) == []


def test_retained_state_of_others_is_shown_neither_on_subscribing_nor_on_coming_back(
    site: Site, peer: Connects
) -> None:
    rental, user, spy = peer(site.named("rnt-main")), site.someone("usr"), site.someone("usr")
    topic = TOPICS["user_orders"].topic(REGION, user=user.client)
    rental.publish(topic, b"private", retain=True)
    own = peer(user)
    own.subscribe(topic)
    assert own.next().payload == b"private"
    reply = TOPICS["user_reply"].topic(REGION, user=spy.client)
    for _ in range(2):
        spying = Peer(site.address, spy, clean=False)
        spying.connect()
        spying.subscribe("cl/v1/demo/user/+/orders", reply)
        rental.publish(reply, MARKER)
        assert spying.until(MARKER) == []
        spying.leave()


def test_regions_do_not_see_each_other(site: Site, peer: Connects) -> None:
    rental, cabinet = peer(site.named("rnt-main")), peer(site.someone("cab"))
    south, foreign = peer(site.named("rnt-south")), peer(site.named("cab-south"))
    rental.subscribe(of_cabinet("event", "+"), of_cabinet("event", "+", "south"))
    south.subscribe(of_cabinet("event", "+"), of_cabinet("event", "+", "south"))
    foreign.publish(of_cabinet("event", "cab-south"), b"intruding")
    foreign.publish(of_cabinet("event", "cab-south", "south"), b"south")
    cabinet.publish(of_cabinet("event", cabinet.name), b"north")
    assert south.next().payload == b"south"
    assert rental.next().payload == b"north"


# Other people's programs.


def test_mosquittos_own_clients_are_served(site: Site, peer: Connects) -> None:
    cabinet, rental = site.someone("cab"), site.named("rnt-main")
    topic = of_cabinet("slots", cabinet.client)
    where = ["-h", site.address.host, "-p", str(site.address.port)]
    who = ["-i", cabinet.client, "-u", cabinet.client, "-P", cabinet.password]
    subprocess.run(
        ["mosquitto_pub", *where, *who, "-q", "1", "-r", "-t", topic, "-m", "state"],
        check=True,
        timeout=PATIENCE_S,
    )
    reader = ["-i", rental.client, "-u", rental.client, "-P", rental.password]
    heard = subprocess.run(
        ["mosquitto_sub", *where, *reader, "-q", "1", "-t", topic, "-C", "1", "-F", "%r %t %p"],
        check=True,
        timeout=PATIENCE_S,
        capture_output=True,
    )
    assert heard.stdout.decode().strip() == f"1 {topic} state"


async def test_a_client_of_asyncio_is_served(site: Site) -> None:
    cabinet = site.someone("cab")
    assert await lets_in(site.address, cabinet.client, cabinet.password)
    assert not await lets_in(site.address, cabinet.client, "wrong")
