"""How the suite is shared out among processes: one more than processors, the long tests first.

Many tests wait for other processes most of their time; one more than processors leaves none idle meanwhile.
pytest-xdist starts the processes. What one of them takes at a time is a file, so that a fixture of a module
is made once; in the files of ALONE it is a single test, as each lasts seconds, and of TOGETHER a whole
folder. Where few files are named, some tests are chosen with `-k` or `--lf`, or output is to be seen (`-s`),
pytest's own process runs them all.
"""

import os
from collections.abc import Sequence

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# How long an example takes says something about the machine, and nothing about the rule.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# So few are done before other processes have begun.
FEW_FILES = 4
# The longest first, or one would begin when all others have ended.
ALONE = (
    "tests/simulation/test_coverage.py",
    "tests/web/test_courier_offline.py",
    "tests/cli/test_killed.py",
    "tests/cli/test_demo.py",
    "tests/cli/test_chaos.py",
    "tests/cli/test_replay.py",
    "tests/simulation/test_world.py",
    "tests/cli/test_disk_fails.py",
    "tests/cli/test_bench_runs.py",
    "tests/station/shell/test_network.py",
    "tests/acceptance/test_playing_by_hand.py",
    "tests/cli/test_endure.py",
    "tests/cli/test_broker_dies.py",
)
# What their tests share is dear, and made once where one process has them all.
TOGETHER = ("tests/web/",)
# Then the folders whose tests start processes; the rest is done in moments.
EARLY = (
    *TOGETHER,
    *ALONE,
    "tests/cli/",
    "tests/acceptance/",
    "tests/broker/",
    "tests/station/shell/",
    "tests/courier/",
    "tests/mutants/",
)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes `-n auto` means: none but its own for a small selection."""
    chosen = (
        config.getoption("keyword"),
        config.getoption("lf", default=False),
        config.getoption("capture") == "no",
    )
    named = {config.invocation_params.dir / argument.partition("::")[0] for argument in config.args}
    files = {file for path in named for file in ([path] if path.is_file() else path.rglob("test_*.py"))}
    return 0 if any(chosen) or len(files) <= FEW_FILES else len(os.sched_getaffinity(0)) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> "FilesAndLongTests | None":
    """Share the tests out as this file says, unless `--dist` says how."""
    if config.option.dist != "load":
        return None
    config.option.loadscopereorder = False  # the order is that of the collection, see below
    return FilesAndLongTests(config, log)


class FilesAndLongTests(LoadScopeScheduling):
    """Gives a process that is free the next file or long test."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = next((folder for folder in TOGETHER if file.startswith(folder)), file)
        return nodeid if file in ALONE else folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the long tests first where the suite is shared out; else the order stays that of the files."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _turn(item.nodeid, EARLY))


def _turn(nodeid: str, early: Sequence[str]) -> int:
    """Return how many kinds of tests come before this one."""
    return next((turn for turn, prefix in enumerate(early) if nodeid.startswith(prefix)), len(early))
