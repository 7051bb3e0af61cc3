"""The dashboard over a real broker, with the keys that people press, on a terminal of 80 by 24."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from textual.pilot import Pilot

from chargeloop.broker import BrokerAddress, CredentialStore
from chargeloop.broker.main import running_broker
from chargeloop.cli.errors import CommandError
from chargeloop.cli.top.app import Top
from tests.cli.top.city import CABINET, COURIER, DISPATCH, ORDER, REGION, RENTAL, STORY, tell

PATIENCE_S = 60


class City:
    """A broker that can go and come back, with everybody's credentials."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.store = CredentialStore.of_data(data)
        self.address: BrokerAddress | None = None
        self._stack = AsyncExitStack()
        for client in ("opr-main", CABINET, COURIER, RENTAL, DISPATCH):
            self.store.grant(client, REGION)

    def where(self) -> BrokerAddress:
        """Return where the broker is, as a data directory tells."""
        if self.address is None:
            raise CommandError("no broker is known")
        return self.address

    async def open(self) -> None:
        """Start a broker, on a port that may be another one than before, and have everybody speak."""
        self.address = await self._stack.enter_async_context(running_broker(None, self.data))
        await self.speak()

    async def speak(self) -> None:
        """Have everybody say their part."""
        await tell(self.store, self.where(), STORY)

    async def close(self) -> None:
        """Stop the broker."""
        await self._stack.aclose()
        self.address = None

    def top(self) -> Top:
        """Return the dashboard of an operator."""
        return Top(self.store.load("opr-main"), self.where)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    city = City(tmp_path)
    await city.open()
    yield city
    await city.close()


def screen(app: Top) -> str:
    """Return what stands on the terminal."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def shows(pilot: Pilot[None], holds: Callable[[str], bool]) -> str:
    """Return the screen as soon as it is as wanted."""
    app = pilot.app
    assert isinstance(app, Top)
    async with asyncio.timeout(PATIENCE_S):
        while not holds(text := screen(app)):
            await pilot.pause(0.05)
    return text


async def test_a_small_terminal_shows_everything_that_is_known_of_the_city(city: City) -> None:
    app = city.top()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, lambda text: "Harbour" in text or "1 banks ready" in text)
        await city.speak()
        text = await shows(pilot, lambda text: "gave out bnk-1" in text and "fetching" in text)
        lines = text.splitlines()
        assert f"broker {city.address}" in lines[0]
        assert lines[1].split() == ["orders", "1", "under", "way:", "1", "fetching"]
        assert "1: 0 offline, 1 with faults; 1 banks ready, 1 slots free" in lines[3]
        assert "1: 1 on duty, 1 busy" in lines[4]
        assert lines[7].split()[:6] == [ORDER, "usr-0001", "2", "fetching", CABINET, COURIER]
        assert len(lines) == 24
        assert all(len(line) <= 80 for line in lines)
        assert "? help" in lines[-1]
        await pilot.press("2")
        assert "Harbour Café" in await shows(pilot, lambda text: "charging" in text)
        await pilot.press("3")
        assert f"to cabinet {CABINET}" in await shows(pilot, lambda text: "does" in text)
        await pilot.press("tab")
        assert "courier position" in await shows(pilot, lambda text: "per s" in text)
        await pilot.press("tab")
        await shows(pilot, lambda text: ORDER in text)
        await pilot.press("q")
    assert app.return_code == 0


async def test_the_dashboard_connects_again_wherever_the_broker_comes_back(city: City) -> None:
    app = city.top()
    async with app.run_test(size=(80, 24)) as pilot:
        before = city.address
        await shows(pilot, lambda text: f"broker {before}" in text)
        await city.close()
        await shows(pilot, lambda text: "BROKER GONE" in text.splitlines()[0])
        assert app.is_running
        await city.open()
        await shows(pilot, lambda text: f"broker {city.address}" in text.splitlines()[0])
        await shows(pilot, lambda text: "1 banks ready" in text)
    assert app.failure is None


async def test_keys_sort_filter_pause_and_help(city: City) -> None:
    app = city.top()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, lambda text: "1 banks ready" in text)
        await pilot.press("2")
        assert "cabinet▲" in await shows(pilot, lambda text: "charging" in text)
        await pilot.press("s", "r")
        await shows(pilot, lambda text: "name▼" in text)
        await pilot.press("slash", *"nowhere", "enter")
        assert CABINET not in await shows(pilot, lambda text: "only with 'nowhere'" in text)
        await pilot.press("escape")
        await shows(pilot, lambda text: CABINET in text)
        await pilot.press("question_mark")
        await shows(pilot, lambda text: "sort the other way round" in text)
        await pilot.press("x", "x")
        await shows(pilot, lambda text: "sort the other way round" not in text)
        await pilot.press("p")
        await shows(pilot, lambda text: "PAUSED" in text)
        total = app.board.rate.total
        await city.speak()
        async with asyncio.timeout(PATIENCE_S):
            while app.board.rate.total < total + len(STORY):
                await pilot.pause(0.05)
        assert "gave out bnk-1" not in screen(app)
        await pilot.press("p")
        await shows(pilot, lambda text: "gave out bnk-1" in text)


async def test_a_wide_terminal_shows_the_events_beside_the_table(city: City) -> None:
    app = city.top()
    async with app.run_test(size=(160, 40)) as pilot:
        await shows(pilot, lambda text: "1 banks ready" in text)
        await city.speak()
        text = await shows(pilot, lambda text: "gave out bnk-1" in text)
        assert "order" in text.splitlines()[6]
        assert any("bnk-1" in line for line in text.splitlines()[6:12])


async def test_an_operator_whom_the_broker_does_not_let_in_is_told_why(
    city: City, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chargeloop.cli.listening._GRANTED_S", 0.0)
    stranger = CredentialStore.of_data(tmp_path_factory.mktemp("elsewhere")).grant("opr-main", REGION)
    app = Top(stranger, city.where)
    async with app.run_test(size=(80, 24)) as pilot:
        async with asyncio.timeout(PATIENCE_S):
            while app.failure is None:
                await pilot.pause(0.05)
    assert "does not let opr-main in" in str(app.failure)
