"""The machine that was measured on, as far as the figures depend on it."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chargeloop.broker.mosquitto import find_mosquitto

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def describe(disk: Path) -> Mapping[str, str]:
    """Return what the machine is; `disk` is the directory whose file system the stores lie on."""
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "disk": _file_system(disk),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "mosquitto": _mosquitto(),
    }


def cpu_s(pid: int) -> float:
    """Return the processor time (seconds) that a process has used, its kernel time included (Linux)."""
    fields = (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    )
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_kib(pid: int | None = None) -> int:
    """Return the memory (KiB) that a process holds, this one when None (Linux)."""
    status = Path(f"/proc/{pid or 'self'}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return 0 if found is None else int(found[1])


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _mosquitto() -> str:
    program = find_mosquitto()
    if program is None:
        return "not installed"
    # Its help, which begins with the version, ends with a status of its own.
    said = subprocess.run([program, "-h"], check=False, capture_output=True, text=True).stdout
    return said.partition("\n")[0].removeprefix("mosquitto version ").strip()


def _file_system(directory: Path) -> str:
    stat = shutil.which("stat")
    if stat is None:
        return "unknown"
    said = subprocess.run(
        [stat, "-f", "-c", "%T", str(directory)], check=False, capture_output=True, text=True
    )
    return said.stdout.strip() or "unknown"
