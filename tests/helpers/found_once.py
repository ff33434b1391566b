"""What is the same in the whole run of the tests, found once a process.

A shell looks at each start for the packages that are installed and for
their commands, and reads clouds.yaml again; each takes longer than the
command that is tested. A process of a user starts one shell: for it there
is nothing to remember, and none of this is in the product.
"""

from __future__ import annotations

import functools
import importlib.metadata
import logging
import pickle
from collections.abc import Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]
from cliff import commandmanager
from keystoneauth1 import discover

from protectorclient.osc.script import entry_points as of_the_script


class EntryPoints(importlib.metadata.EntryPoints):
    """Entry points that remember what was selected of them."""

    def select(self, **params: Any) -> importlib.metadata.EntryPoints:
        return _selected(tuple(sorted(params.items())))


@functools.cache
def _installed() -> EntryPoints:
    found = dict.fromkeys(
        point
        for distribution in importlib.metadata.distributions()
        for point in distribution.entry_points
    )
    return EntryPoints(found)


@functools.cache
def _selected(params: tuple[tuple[str, Any], ...]) -> EntryPoints:
    wanted = dict(params)
    return EntryPoints(p for p in _installed() if p.matches(**wanted))


def entry_points(**params: Any) -> importlib.metadata.EntryPoints:
    return _installed().select(**params) if params else _installed()


#: the commands of a namespace, by the manager that asks
_commands: dict[tuple[Any, ...], Mapping[str, Any]] = {}
_load_commands = commandmanager.CommandManager.load_commands


def load_commands(
    manager: commandmanager.CommandManager, namespace: str
) -> None:
    key = (
        type(manager),
        namespace,
        manager.convert_underscores,
        tuple(getattr(manager, "ignored_modules", None) or ()),
    )
    found = _commands.get(key)
    if found is None:
        before, manager.commands = manager.commands, {}
        _load_commands(manager, namespace)
        found = _commands[key] = manager.commands
        manager.commands = before
    else:
        manager.group_list.append(namespace)
    manager.commands.update(found)


_safe_load = yaml.safe_load


@functools.lru_cache(maxsize=64)
def _read(text: str) -> bytes:
    return pickle.dumps(_safe_load(text))


def safe_load(stream: Any) -> Any:
    """What a text says; each caller gets one of its own."""
    text = stream.read() if hasattr(stream, "read") else stream
    if not isinstance(text, str):
        return _safe_load(text)
    return pickle.loads(_read(text))


#: of each service, as keystoneauth and the SDK read them
_ServiceTypes: Any = type(discover._SERVICE_TYPES)
_all_types = _ServiceTypes.all_types_by_service_type


@functools.cache
def _types(of: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = _all_types.fget(of)
    return found


def _is_enabled_for(logger: logging.Logger, level: int) -> bool:
    """As logging has it, but for the memory that a change of level empties.

    OpenStackClient alone has a thousand loggers, and each shell changes a
    dozen of levels.
    """
    if logger.disabled or logger.manager.disable >= level:
        return False
    return level >= logger.getEffectiveLevel()


#: what is replaced by it, of what
_REPLACED: list[tuple[Any, str, Any]] = [
    (importlib.metadata, "entry_points", entry_points),
    (of_the_script, "found", functools.cache(of_the_script.found)),
    (
        importlib.metadata,
        "version",
        functools.cache(importlib.metadata.version),
    ),
    (commandmanager.CommandManager, "load_commands", load_commands),
    (yaml, "safe_load", safe_load),
    (
        _ServiceTypes,
        "all_types_by_service_type",
        property(
            lambda of: {n: list(found) for n, found in _types(of).items()}
        ),
    ),
    (logging.Logger, "isEnabledFor", _is_enabled_for),
    (logging.Manager, "_clear_cache", lambda manager: None),
]


def remember() -> None:
    """Find each of these once in this process from here on."""
    for owner, name, instead in _REPLACED:
        setattr(owner, name, instead)
