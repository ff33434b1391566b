"""Leave unrun what is imported by all and used by few.

To import any part of the SDK runs ``openstack/__init__.py``, which loads
every service it knows: half of what a short command costs. The script
therefore puts the package in its place unrun. Submodules are imported as
ever, and the first to ask the package for anything else has it run. So it is
with what keystoneauth imports for networks in ``no_proxy``, and osc-lib for
its debug log.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

NAMES = ("openstack", "netaddr", "oslo_utils.strutils")


def defer() -> None:
    """Defer running some modules, in a process of our own."""
    for name in NAMES:
        if name not in sys.modules:
            _defer(name)


def _defer(name: str) -> None:
    try:
        spec = importlib.util.find_spec(name)
    except ImportError:
        # nor is what it belongs to
        return
    if spec is None or spec.loader is None:
        return
    loader = spec.loader
    module = importlib.util.module_from_spec(spec)

    def look_up(wanted: str) -> Any:
        """Look up what the module lacks, after running it once."""
        if not wanted.startswith("__") and spec.submodule_search_locations:
            submodule = f"{name}.{wanted}"
            if importlib.util.find_spec(submodule):
                return importlib.import_module(submodule)
        if vars(module).pop("__getattr__", None) is None:
            raise AttributeError(wanted)
        loader.exec_module(module)
        return getattr(module, wanted)

    vars(module)["__getattr__"] = look_up
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
