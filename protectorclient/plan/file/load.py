"""Load a plan from its file, or say where the file is wrong."""

from __future__ import annotations

import os
import pathlib
import shlex
import stat
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from protectorclient import durations, exceptions
from protectorclient.mapping import files
from protectorclient.plan.file import form, model, order, yaml_marks
from protectorclient.plan.file.problem import PlanProblem
from protectorclient.plan.file.yaml_marks import Path, YamlDocument
from protectorclient.probes import spec

#: Bytes that a plan may have.
LARGEST = 1 << 20


def load(path: str | os.PathLike[str]) -> model.Plan:
    """Read a plan, and the mapping files that it names.

    :param path: the file; its hooks run programs, so that nobody else may
        be able to write it.
    :raises PlanProblem: it cannot be read or used; each problem with its
        file, line and column is in `PlanProblem.problems`.
    """
    file = pathlib.Path(path)
    return parse(_text(file), str(file), file.parent)


def parse(
    text: str,
    where: str = "the plan",
    folder: pathlib.Path | None = None,
    mapping_files: Mapping[str, str] | None = None,
) -> model.Plan:
    """Read the text of a plan.

    :param where: how messages name the file.
    :param folder: where the mapping files are that it names.
    :param mapping_files: their texts, where they are known already.
    :raises PlanProblem: as `load`.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise PlanProblem(f"{where}: it is larger than 1 MiB")
    marked = yaml_marks.read(text.removeprefix("\ufeff"), where)
    problems = list(form.against_schema(marked))
    if problems:
        raise _refusal(problems)
    builder = _Builder(marked, folder, mapping_files)
    plan = builder.plan(text)
    problems = [*builder.problems, *order.problems(plan, marked)]
    if problems:
        raise _refusal(problems)
    return plan


def _refusal(problems: Sequence[str]) -> PlanProblem:
    more = len(problems) - 1
    also = f" ({more} more problem{'s' * (more > 1)})" if more else ""
    return PlanProblem(problems[0] + also, problems=problems)


def _text(file: pathlib.Path) -> str:
    try:
        with open_own(file) as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise PlanProblem(f"cannot read {file}: {error.strerror}") from error
    return _decoded(data, str(file))


def _decoded(data: bytes, where: str) -> str:
    if len(data) > LARGEST:
        raise PlanProblem(f"{where}: it is larger than 1 MiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise PlanProblem(
            f"{where}, {yaml_marks.place_of(before)}: it is not UTF-8"
        ) from error


def open_own(file: pathlib.Path) -> BinaryIO:
    """Open a file whose commands are run, for reading.

    :raises PlanProblem: it is no file, or somebody else may write it.
    :raises OSError: it cannot be opened.
    """
    try:
        # a pipe without a writer must not hold the command up
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:
        raise PlanProblem(f"cannot read {str(file)!r}: {error}") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise PlanProblem(f"{file} is not a file")
        refuse_others(file, found)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def refuse_others(file: pathlib.Path, found: os.stat_result) -> None:
    """Refuse a file that somebody else may write, or put in its place; its
    hooks run programs.

    :raises PlanProblem: somebody may.
    """
    if found.st_uid not in (os.getuid(), 0):
        raise PlanProblem(
            f"{file} belongs to another user, who may write the commands of"
            " its hooks; copy it"
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PlanProblem(
            f"{file}: others may write it, and its hooks run commands"
        ).then(f"chmod go-w {shlex.quote(str(file))}")
    for folder in {file.parent, file.resolve().parent}:
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise PlanProblem(
                f"{file}: others may put another file in its place, and its"
                " hooks run commands"
            ).then(f"chmod o-w {shlex.quote(str(folder))}")


# -- the records


class _Builder:
    """Makes the records of a plan, and notes what the schema cannot say."""

    def __init__(
        self,
        marked: YamlDocument,
        folder: pathlib.Path | None,
        mapping_files: Mapping[str, str] | None,
    ) -> None:
        self._marked = marked
        self._folder = folder or pathlib.Path()
        self._known = mapping_files
        self._files: dict[str, str] = {}
        self.problems: list[str] = []

    def plan(self, text: str) -> model.Plan:
        found = self._marked.value
        waves = tuple(
            self._wave(one, ("waves", number))
            for number, one in enumerate(found["waves"])
        )
        return model.Plan(
            name=found["name"],
            waves=waves,
            description=found.get("description", ""),
            parallel=_whole(found) or model.PARALLEL,
            timeout=self._seconds(found, ()),
            on_failure=found.get("on_failure", "stop"),
            mappings=self._mappings(found, ()) or files.MappingFile(),
            hooks=self._hooks(found, ()),
            planned=self._form(found, "planned"),
            unplanned=self._form(found, "unplanned"),
            drills=self._drills(found.get("drills", {})),
            text=text,
            files=tuple(self._files.items()),
        )

    def _drills(self, found: Mapping[str, Any]) -> model.Drills:
        path: Path = ("drills",)
        return model.Drills(
            every=self._seconds(found, path, "every"),
            window=found.get("window"),
            time_zone=found.get("time_zone"),
            max_duration=self._seconds(found, path, "max_duration"),
        )

    def _form(self, plan: Mapping[str, Any], name: str) -> model.Form:
        found = plan.get(name, {})
        return model.Form(
            _whole(found),
            self._seconds(found, (name,)),
            found.get("on_failure"),
        )

    def _wave(self, found: Mapping[str, Any], path: Path) -> model.Wave:
        needs = found.get("needs")
        return model.Wave(
            name=found["name"],
            groups=tuple(
                self._entry(one, (*path, "groups", number))
                for number, one in enumerate(found["groups"])
            ),
            needs=None if needs is None else tuple(needs),
            parallel=_whole(found),
            timeout=self._seconds(found, path),
            critical=found.get("critical", True),
            gate=self._gate(found.get("gate"), (*path, "gate")),
            mappings=self._mappings(found, path),
            probes=self._probes(found, path),
            verify=tuple(
                self._hook(one, (*path, "verify", number))
                for number, one in enumerate(found.get("verify", ()))
            ),
            hooks=self._hooks(found, path),
            only=_only(found),
            drill_every=self._seconds(found, path, "drill_every"),
            place=self._marked.at(path),
        )

    def _entry(self, found: Any, path: Path) -> model.Entry:
        place = self._marked.at(path)
        if isinstance(found, str):
            return model.Entry(found, place=place)
        return model.Entry(
            name=found["name"],
            place=place,
            critical=found.get("critical", True),
            timeout=self._seconds(found, path),
            needs=tuple(found.get("needs", ())),
            mappings=self._mappings(found, path),
            probes=self._probes(found, path),
            verify=tuple(
                self._hook(one, (*path, "verify", number))
                for number, one in enumerate(found.get("verify", ()))
            ),
            hooks=self._hooks(found, path),
            only=_only(found),
            drill_every=self._seconds(found, path, "drill_every"),
        )

    def _gate(self, found: Any, path: Path) -> model.Gate | None:
        if found is None:
            return None
        return model.Gate(
            found["question"],
            self._seconds(found, path) or durations.GATE_TIMEOUT,
            found.get("then", "stop"),
        )

    def _probes(self, found: Mapping[str, Any], path: Path) -> tuple[str, ...]:
        given = tuple(found.get("probes", ()))
        for number, text in enumerate(given):
            try:
                spec.parse(text)
            except exceptions.ProtectorError as error:
                at = self._marked.at((*path, "probes", number))
                self.problems.append(f"{at}: {error}")
        return given

    def _hooks(self, found: Mapping[str, Any], path: Path) -> model.Hooks:
        given = found.get("hooks", {})
        return model.Hooks(
            **{
                occasion: tuple(
                    self._hook(one, (*path, "hooks", occasion, number))
                    for number, one in enumerate(given.get(occasion, ()))
                )
                for occasion in model.OCCASIONS
            }
        )

    def _hook(self, found: Any, path: Path) -> model.Hook:
        if isinstance(found, list):
            return model.Hook(tuple(found))
        return model.Hook(
            tuple(found["run"]),
            self._seconds(found, path) or durations.HOOK_TIMEOUT,
            found.get("on_error"),
            _only(found),
        )

    def _seconds(
        self, found: Mapping[str, Any], path: Path, key: str = "timeout"
    ) -> float | None:
        given = found.get(key)
        if given is None:
            return None
        at = self._marked.at((*path, key))
        try:
            length = durations.seconds(str(given))
        except ValueError as error:
            self.problems.append(f"{at}: {error}")
            return None
        if length < 1:
            self.problems.append(f"{at}: {key} must be at least a second")
        return length

    def _mappings(
        self, found: Mapping[str, Any], path: Path
    ) -> files.MappingFile | None:
        given = found.get("mappings")
        if given is None:
            return None
        if isinstance(given, dict):
            return files.MappingFile(**given)
        try:
            return files.parse(self._file(given), given)
        except exceptions.ProtectorError as error:
            at = self._marked.at((*path, "mappings"))
            self.problems.append(f"{at}: {error}")
            return None

    def _file(self, name: str) -> str:
        """Return the text of a mapping file, read once."""
        if name not in self._files:
            if self._known is not None:
                if name not in self._known:
                    raise PlanProblem(f"{name} is not known")
                self._files[name] = self._known[name]
            else:
                self._files[name] = _mapping_text(self._folder / name, name)
        return self._files[name]


def _mapping_text(file: pathlib.Path, name: str) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise PlanProblem(f"cannot read {name}: {error.strerror}") from error
    except ValueError as error:
        raise PlanProblem(f"cannot read {name!r}: {error}") from error
    return _decoded(data, name).removeprefix("\ufeff")


def _whole(found: Mapping[str, Any]) -> int | None:
    # 4.0 is a whole number to JSON Schema
    given = found.get("parallel")
    return None if given is None else int(given)


def _only(found: Mapping[str, Any]) -> tuple[str, ...]:
    only = found.get("only", ())
    return (only,) if isinstance(only, str) else tuple(only)
