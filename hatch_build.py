"""The build hook of the wheel and of editable installations: the pages are built before they are packed."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PagesHook(BuildHookInterface[Any]):
    """Builds the pages that the gateway serves; at once when nothing changed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages, or end the build with the reason."""
        del version, build_data
        _loaded(Path(self.root) / "tools" / "web_pages.py").build()


def _loaded(path: Path) -> ModuleType:
    """Return the module of a file: by its name another package called `tools` could come instead."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
