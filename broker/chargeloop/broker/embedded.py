"""The embedded broker: amqtt behind a gate of ours, so that a demo needs no other program.

amqtt 0.12 by itself is not closed, and loses more than a lossy wire should. What it does wrong, and what
stands here against it (each has its test in the contract suite):

- It deletes or takes over the session of a client id before it asks for the password, so anybody could cut
  anybody. The gate reads the CONNECT packet itself and hands over only who is let in, under their own id.
- Two connections of one client id may live side by side, and the older one's last will then overwrites the
  newer one's birth. The gate ends the older one, will and all, before the newer one begins.
- It never notices a dead peer by its keep-alive. The gate does; amqtt is told that there is none.
- It takes packets of any size into memory. The gate ends a connection at the first that is too large.
- A client that comes back is sent every retained message that anybody has subscribed to. It gets its own.
- A message is lost to all when somebody subscribes while it is being handed on, and under load messages are
  handed on seconds late. Here a message is handed on at once, without a pause.

What stays (strict expected failures of the contract suite): messages that a client has not acknowledged when
its connection ends, or within five seconds, are lost. Devices and platforms keep what matters until the
receiver's own acknowledgement, so the loss costs time and nothing else.

Run as `python -m chargeloop.broker.embedded DATA HOST PORT`; it writes DATA/broker/embedded.log.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final

from amqtt.adapters import StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.session import OutgoingApplicationMessage, Session

from chargeloop.broker.access import AccessRules
from chargeloop.broker.accounts import Account, Accounts
from chargeloop.broker.limits import MAX_QUEUED_MESSAGES
from chargeloop.broker.packets import PacketReader, ProtocolError, RefusedError, parse_connect, read_packet

_log = logging.getLogger(__name__)

_LISTENER: Final = "default"
_CONNECT_TIMEOUT_S: Final = 10
_KEEP_ALIVE_GRACE: Final = 1.5  # MQTT 3.1.1, 3.1.2.10
_LOG_BYTES: Final = 1_000_000
_RIGHTS_KEPT: Final = 65_536
_TOPICS_KEPT: Final = 65_536


class _Subscriptions(dict[str, list[tuple[Session, int]]]):
    """amqtt's table of subscriptions, which also remembers the filters that match a topic.

    amqtt compares every message with every filter, and walks the table with pauses in which others subscribe.
    Its own walks are over a copy here.
    """

    def __init__(self, matches: Callable[[str, str], bool]) -> None:
        super().__init__()
        self._matches = matches
        self._filters: dict[str, tuple[str, ...]] = {}

    def matching(self, topic: str) -> tuple[str, ...]:
        """Return the filters that match a topic."""
        found = self._filters.get(topic)
        if found is None:
            found = tuple(text for text in self if self._matches(topic, text))
            if len(self._filters) >= _TOPICS_KEPT:
                self._filters.clear()
            self._filters[topic] = found
        return found

    def __setitem__(self, topic_filter: str, holders: list[tuple[Session, int]]) -> None:
        self._filters.clear()
        super().__setitem__(topic_filter, holders)

    def __delitem__(self, topic_filter: str) -> None:
        self._filters.clear()
        super().__delitem__(topic_filter)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(super().keys()))


class GatedBroker(Broker):
    """amqtt without a listener of its own, asking our rules, and sending nobody what is not granted."""

    def __init__(self, accounts: Accounts) -> None:
        listener = ListenerConfig(type=ListenerType.EXTERNAL)
        super().__init__(BrokerConfig(listeners={_LISTENER: listener}, plugins={}))
        self._subscriptions = self._table = _Subscriptions(self._matches)
        self._sending: set[asyncio.Task[OutgoingApplicationMessage]] = set()
        self._accounts = accounts
        self._rules = lru_cache(_RIGHTS_KEPT)(self._rules_now)
        self._allowed = lru_cache(_RIGHTS_KEPT)(self._allowed_now)

    def forget_rules(self) -> None:
        """Read the accounts again: credentials have been granted or revoked."""
        self._rules.cache_clear()
        self._allowed.cache_clear()

    async def end_session(self, client: str) -> None:
        """Forget the session of a connection that has ended, when it was a clean one."""
        session, _ = self._sessions.get(client, (None, None))
        if session is not None and session.clean_session:
            await self._delete_session(client)

    async def _broadcast_loop(self) -> None:
        """Do nothing: amqtt's takes one message in several turns of the event loop and falls behind."""

    async def _broadcast_message(
        self,
        session: Session | None,
        topic: str | None,
        data: bytes | bytearray | None,
        force_qos: int | None = None,
    ) -> None:
        """Hand a message on to everybody who has subscribed and may be sent it."""
        if topic is None or data is None:
            return
        for topic_filter in self._table.matching(topic):
            for holder, granted in tuple(self._table.get(topic_filter, ())):
                if self._allowed(str(holder.client_id), topic, Action.RECEIVE):
                    message = {"session": session, "topic": topic, "data": data}
                    await self._hand_on(message, granted if force_qos is None else force_qos, holder)

    async def _hand_on(self, message: dict[str, Any], qos: int, holder: Session) -> None:
        """Send a message to a client, or keep it for the session of one that is away."""
        handler = self._get_handler(holder)
        if holder.transitions.state == "connected" and handler is not None:
            sending = asyncio.ensure_future(
                handler.mqtt_publish(message["topic"], message["data"], qos, retain=False)
            )
            self._sending.add(sending)
            sending.add_done_callback(self._sent)
        elif not holder.clean_session and qos > 0 and holder.retained_messages_count < MAX_QUEUED_MESSAGES:
            await self._retain_broadcast_message(message, qos, holder)

    def _sent(self, sending: asyncio.Task[OutgoingApplicationMessage]) -> None:
        self._sending.discard(sending)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            _log.info("a message is lost: %r", error)

    async def _session_monitor(self) -> None:
        """Do nothing: amqtt's could take the session of a client that has just come back for its old one."""

    def _rules_now(self, client: str) -> AccessRules:
        account = self._accounts.find(client)
        return AccessRules(client, (), ()) if account is None else account.rules

    def _allowed_now(self, client: str, topic: str, action: Action) -> bool:
        """Tell what the rules say; a subscription is granted and filtered on delivery, as by Mosquitto."""
        rules = self._rules(client)
        if action is Action.PUBLISH:
            return rules.allows_publish(topic)
        return action is Action.SUBSCRIBE or rules.allows_delivery(topic)

    async def _authenticate(self, _session: Session, _: ListenerConfig) -> bool:
        """Let in who has come through the gate."""
        return True

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        return self._allowed(str(session.client_id), topic, action)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """Send retained messages to a subscriber alone; amqtt does so for every subscription at a return."""
        topic_filter, qos = subscription
        holders = self._subscriptions.get(topic_filter, [])
        handler = self._get_handler(session)
        if handler is None or all(holder is not session for holder, _ in holders):
            return
        sending = [
            asyncio.ensure_future(
                handler.mqtt_publish(topic, kept.data, min(qos, kept.qos or 0), retain=True)
            )
            for topic, kept in self._retained_messages.items()
            if self._matches(topic, topic_filter)
            and self._allowed(str(session.client_id), topic, Action.RECEIVE)
        ]
        # What is not acknowledged in time is lost, as every message here; see the top of this file.
        await asyncio.gather(*sending, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Connection:
    """The one connection of a client that has been let in, and the task that serves it."""

    client: str
    writer: asyncio.StreamWriter
    task: asyncio.Task[None] | None
    password: str = field(repr=False)

    async def end(self) -> None:
        """Cut it, and return when its last will has been sent."""
        self.writer.transport.abort()
        if self.task is not None:
            await asyncio.wait((self.task,))


class Gate:
    """The listener in front of amqtt: lets in who has credentials, one connection for each client."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._broker = GatedBroker(accounts)
        self._connections: dict[str, _Connection] = {}

    async def serve(self, host: str, port: int, stop: asyncio.Event) -> None:
        """Listen until `stop` is set.

        Raises:
            OSError: the accounts can no longer be read; who goes on would let in whom it should not.
        """
        await self._broker.start()
        server = await asyncio.start_server(self._connected, host, port)
        keeper = asyncio.create_task(self._keep_accounts())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((keeper, stopped), return_when=asyncio.FIRST_COMPLETED)
        server.close()
        if keeper.done():
            stopped.cancel()
            keeper.result()
        keeper.cancel()
        for connection in list(self._connections.values()):
            await connection.end()
        await self._broker.shutdown()

    async def _keep_accounts(self) -> None:
        """End the connections of clients whose credentials have been revoked or renewed, for ever."""
        async for _ in self._accounts.changes():
            self._broker.forget_rules()
            for client, connection in list(self._connections.items()):
                account = self._accounts.find(client)
                if account is None or not account.opens_with(connection.password):
                    await connection.end()

    async def _connected(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                connect = await parse_connect(await read_packet(stream))
            mine = await self._take_place(connect, writer)
        except RefusedError as refused:
            await ConnackPacket.build(0, refused.code).to_stream(StreamWriterAdapter(writer))
        except (ProtocolError, TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            _log.info("nobody was let in: %r", error)
        else:
            await self._serve_client(mine, connect, stream)
        finally:
            writer.close()

    def _admit(self, connect: ConnectPacket) -> Account:
        """Return the account that the packet opens.

        Raises:
            RefusedError: name and password open none, or its last will is on a topic it may not write.
        """
        account = self._accounts.find(connect.username or "")
        if account is None or not account.opens_with(connect.password or ""):
            raise RefusedError(NOT_AUTHORIZED)
        if connect.will_flag and not account.rules.allows_publish(connect.will_topic or ""):
            raise RefusedError(NOT_AUTHORIZED)
        return account

    async def _take_place(self, connect: ConnectPacket, writer: asyncio.StreamWriter) -> _Connection:
        """End the client's older connection, and list the new one in its place.

        Raises:
            RefusedError: see `_admit`.
        """
        account = self._admit(connect)
        while (older := self._connections.get(account.name)) is not None:
            await older.end()
            # Credentials that were revoked or renewed meanwhile end the connections that are listed, and this
            # one is not yet.
            account = self._admit(connect)
        mine = _Connection(account.name, writer, asyncio.current_task(), account.password)
        self._connections[account.name] = mine
        return mine

    async def _serve_client(
        self, mine: _Connection, connect: ConnectPacket, stream: asyncio.StreamReader
    ) -> None:
        client = mine.client
        silence_s = connect.keep_alive * _KEEP_ALIVE_GRACE if connect.keep_alive > 0 else None
        # The account's name is the client id whatever the client says, and keep-alive is the gate's business.
        connect.client_id = client
        connect.keep_alive = 0
        reader = PacketReader(stream, connect.to_bytes(), silence_s)
        try:
            await self._broker.external_connected(reader, StreamWriterAdapter(mine.writer), _LISTENER)
        finally:
            await self._broker.end_session(client)
            if self._connections.get(client) is mine:
                del self._connections[client]


async def _serve(data: Path, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await Gate(Accounts(data)).serve(host, port, stop)


def main(data: Path, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; the log is kept small, for amqtt has much to say."""
    log = RotatingFileHandler(data / "broker" / "embedded.log", maxBytes=_LOG_BYTES, backupCount=1)
    logging.basicConfig(handlers=[log], level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(_serve(data, host, port))
    except OSError as error:
        sys.exit(f"the embedded broker cannot go on: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
