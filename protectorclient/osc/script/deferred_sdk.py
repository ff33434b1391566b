"""openstack.config without the rest of openstacksdk.

To import any part of the SDK runs ``openstack/__init__.py``, which loads
every service it knows: half of what a short command costs. The script
therefore puts the package in its place unrun. Submodules are imported as
ever, and the first to ask the package for anything else has it run.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

NAME = "openstack"


def defer() -> None:
    """Defer running the package of the SDK, in a process of our own."""
    if NAME in sys.modules:
        return
    spec = importlib.util.find_spec(NAME)
    if spec is None or spec.loader is None:
        return
    loader = spec.loader
    package = importlib.util.module_from_spec(spec)

    def look_up(name: str) -> Any:
        """Look up what the package lacks, after running it once."""
        submodule = f"{NAME}.{name}"
        if not name.startswith("__") and importlib.util.find_spec(submodule):
            return importlib.import_module(submodule)
        if vars(package).pop("__getattr__", None) is None:
            raise AttributeError(name)
        loader.exec_module(package)
        return getattr(package, name)

    vars(package)["__getattr__"] = look_up
    sys.modules[NAME] = package
