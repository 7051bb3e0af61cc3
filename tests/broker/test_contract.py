"""What we rely on in a broker, over Mosquitto and over the embedded one.

That something does not arrive is shown by what does: the same publisher sends a marker afterwards, and as the
order of one publisher is kept, whatever else would have come stands before the marker.
"""

import socket
import subprocess
from collections.abc import Callable

from chargeloop.broker.accounts import lets_in
from chargeloop.broker.limits import MAX_PACKET_BYTES
from chargeloop.protocol.codec import MAX_BYTES
from chargeloop.protocol.topics import TOPICS
from tests.broker.conftest import REGION, Site
from tests.broker.peer import PATIENCE_S, Peer
from tests.broker.plays import MARKER, Connects, of_cabinet

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
    reader = peer(gateway, clean=False, manual_ack=True)
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
