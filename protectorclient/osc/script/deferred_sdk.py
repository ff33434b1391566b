"""Leave unrun what is imported by all and used by few.

To import any part of the SDK runs ``openstack/__init__.py``, which loads
every service it knows: half of what a short command costs. The script
therefore has the package put in its place unrun, when it is imported.
Submodules are imported as ever, and the first to ask the package for anything
else has it run. So it is with what keystoneauth imports for networks in
``no_proxy``, osc-lib for its debug log, and cliff for files of a log.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAMES = frozenset(
    {"openstack", "netaddr", "oslo_utils.strutils", "logging.handlers"}
)


def defer() -> None:
    """Defer running some modules, in a process of our own."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


class _Finder:
    """Finds those modules as the others do, and leaves them unrun."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if name not in NAMES:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    loader: Any = _Unrun(spec.loader)
                    spec.loader = loader
                return spec
        return None


class _Unrun:
    """Runs a module when it is asked for more than its submodules."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__

        def look_up(wanted: str) -> Any:
            """Look up what the module lacks, after running it once."""
            # not hasattr: that would look it up here, and run the module
            is_package = "__path__" in vars(module)
            if is_package and not wanted.startswith("__"):
                submodule = f"{name}.{wanted}"
                if importlib.util.find_spec(submodule):
                    return importlib.import_module(submodule)
            if vars(module).pop("__getattr__", None) is None:
                raise AttributeError(wanted)
            self._loader.exec_module(module)
            return getattr(module, wanted)

        vars(module)["__getattr__"] = look_up


_FINDER: Any = _Finder()
