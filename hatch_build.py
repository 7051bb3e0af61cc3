"""The build hook of the wheel and of editable installations: the pages are built before they are packed."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PagesHook(BuildHookInterface[Any]):
    """Builds the pages that the gateway serves; at once when nothing changed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages, or end the build with the reason."""
        del version, build_data
        # Behind everything else, since the folder `platform` stands beside.
        sys.path.append(str(Path(self.root)))
        from tools import web_pages  # noqa: PLC0415 - found only now

        web_pages.build()
