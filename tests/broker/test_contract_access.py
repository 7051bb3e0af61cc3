"""The closed half of the contract: who is let in, under which name, and what it may write and read."""

import asyncio

import pytest

from chargeloop.broker import Credentials
from chargeloop.broker.accounts import wait_until_granted
from chargeloop.protocol.topics import TOPICS
from tests.broker.conftest import REGION, Site
from tests.broker.peer import Peer
from tests.broker.plays import MARKER, Connects, of_cabinet, of_courier

NOT_AUTHORISED = 135  # paho tells CONNACK codes of MQTT 3.1.1 in those of MQTT 5


def refusal(site: Site, peer: Peer) -> int:
    code, _ = peer.connect()
    peer.leave()
    return code


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


def test_renewed_credentials_end_the_connection_and_the_old_ones_are_refused(
    site: Site, peer: Connects
) -> None:
    operator = site.someone("opr")
    watching = peer(operator)
    renewed = site.store.renew(operator.client, operator.region)
    watching.wait_until_ended()
    assert refusal(site, Peer(site.address, operator)) == NOT_AUTHORISED
    peer(renewed)


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
