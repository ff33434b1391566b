"""Mistakes that an engine makes only in what it takes up again."""

import copy
import inspect
from typing import Any

import pytest

from fakeserver.engine.run.step_context import StepContext
from fakeserver.store import groups


def know(patch: pytest.MonkeyPatch) -> None:
    begin = StepContext.__init__

    def begun(self: Any, site: Any, *rest: Any) -> None:
        begin(self, site, *rest)
        self.resumed = self.operation.status != "pending"
        found = groups.find(site.db, self.operation.group_id)
        self.held = found and copy.deepcopy(found.doc["members"])

    patch.setattr(StepContext, "__init__", begun)


def instead(
    patch: pytest.MonkeyPatch, where: Any, name: str, other: Any
) -> None:
    """``other`` takes the place of a function, once an operation has been
    taken up again; it is handed the right one, and its arguments."""
    know(patch)
    right = where[name] if isinstance(where, dict) else getattr(where, name)
    # One that cannot be called as the right one is would break the engine in
    # another way than it says.
    inspect.signature(other).bind(right, *inspect.signature(right).parameters)

    def either(context: Any, *rest: Any, **named: Any) -> Any:
        if getattr(context, "resumed", False):
            return other(right, context, *rest, **named)
        return right(context, *rest, **named)

    if isinstance(where, dict):
        patch.setitem(where, name, either)
    else:
        patch.setattr(where, name, either)
