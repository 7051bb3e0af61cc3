"""Parts of the product as processes of their own: what they say of themselves is true."""

import asyncio
import sys
from pathlib import Path

import httpx2

from chargeloop.broker.main import running_broker


async def test_a_gateway_on_any_free_port_tells_and_notes_which_one_it_got(tmp_path: Path) -> None:
    async with running_broker(None, tmp_path) as broker:
        command = ("platform", "--data", str(tmp_path), "--broker", str(broker), "--http-port", "0")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chargeloop.cli", *command, "--until-eof",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        said = (await process.stdout.readline()).decode()
        url = (tmp_path / "run" / "gateway.url").read_text(encoding="utf-8").strip()
        assert f"its gateway at {url}: pages {url}/ (who rents)" in said
        async with httpx2.AsyncClient(base_url=url) as client:
            assert (await client.get("/v1/health")).json()["region"] == "demo"
        process.stdin.close()
        assert await process.wait() == 0
