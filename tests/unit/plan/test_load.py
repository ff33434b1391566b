"""A plan's file: what it may hold, and where an error in it stands."""

import os
import pathlib
import stat
from typing import Any

import pytest

from protectorclient import plan
from protectorclient.exit_codes import code_for
from protectorclient.plan.file import load, model, order
from protectorclient.plan.file.problem import PlanProblem

GOOD = """\
name: city
parallel: 2
timeout: 2h
on_failure: rollback
unplanned: {on_failure: continue}
mappings:
  networks: {a: b}
hooks:
  before: [[run-me], {run: [x, y], timeout: 5s, on_error: warn, only: drill}]
waves:
- name: db
  groups: [prod-db, {name: "db-*", critical: false, timeout: 1h30m}]
- name: web
  needs: [db]
  gate: {question: "Go on?", timeout: 30m, then: continue}
  only: [real, drill]
  groups:
  - name: prod-web
    needs: [prod-db]
    mappings: {networks: {c: d}}
"""


def test_all_that_a_plan_has() -> None:
    found = load.parse(GOOD)
    assert (found.name, found.parallel, found.timeout) == ("city", 2, 7200.0)
    assert found.form(False).on_failure == "rollback"
    assert found.form(True).on_failure == "continue"
    assert found.form(True).parallel == 2
    first, second = found.hooks.before
    assert first == model.Hook(("run-me",))
    assert (second.timeout, second.on_error) == (5.0, "warn")
    assert found.hooks.of("before", "real") == (first,)
    db, web = found.waves
    assert [one.is_pattern for one in db.groups] == [False, True]
    assert db.groups[1].timeout == 5400.0
    assert web.gate == model.Gate("Go on?", 1800.0, "continue")
    assert order.needs_of(found.waves, 1) == ("db",)
    assert [one.name for one in found.of_use("failback")] == ["db"]


#: A text, and what is said of it, with the line and the column.
WRONG: list[tuple[str, str]] = [
    ("", "line 1, column 1: the plan must be a mapping"),
    ("name: x", "line 1, column 1: the plan lacks the key 'waves'"),
    ("name: x\nwaves: []", "line 2, column 8: waves must not be empty"),
    (
        "name: x\nwaves:\n- name: a\n  group: [b]\n  groups: [c]",
        "line 4, column 3: unknown key 'group'; the keys here are name,",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [b], parallel: 33}",
        "line 3, column 36: waves[1].parallel must be at most 32",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [b], parallel: 0}",
        "line 3, column 36: waves[1].parallel must be at least 1",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [b], only: never}",
        "line 3, column 32: waves[1].only",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [b], timeout: soon}",
        "line 3, column 35: waves[1].timeout must be a length of time",
    ),
    (
        "name: x\non_failure: hope\nwaves:\n- {name: a, groups: [b]}",
        "line 2, column 13: on_failure must be one of stop, continue,"
        " rollback, not 'hope'",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [{name: b, critical: 1}]}",
        "line 3, column 42: waves[1].groups[1].critical must be true or",
    ),
    (
        "name: x\nhooks: {before: [echo]}\nwaves:\n- {name: a, groups: [b]}",
        "line 2, column 18: hooks.before[1]",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [b]}\n- {name: a, groups: [c]}",
        "line 4, column 10: two waves are called 'a'",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [b]}\n- {name: c, groups: [b]}",
        "line 4, column 22: group 'b' is in two waves: 'a', 'c'",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [b, b]}",
        "line 3, column 25: group 'b' occurs twice in wave 'a'",
    ),
    (
        "name: x\nwaves:\n- {name: a, needs: [z], groups: [b]}",
        "line 3, column 21: there is no wave 'z'",
    ),
    (
        "name: x\nwaves:\n- {name: a, needs: [c], groups: [b]}\n"
        "- {name: c, needs: [a], groups: [d]}",
        "these waves wait for each other: ",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [{name: b, needs: [c]},"
        " {name: c, needs: [b]}]}",
        "these groups wait for each other: ",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [{name: b, needs: [d]}]}\n"
        "- {name: c, groups: [d]}",
        "line 3, column 40: group 'b' waits for 'd' of wave 'c', which begins"
        " after wave 'a'",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [{name: b, needs: [d]}]}",
        "line 3, column 40: no wave has a group 'd'",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [b], probes: [ftp]}",
        "line 3, column 35: ",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [web-1]}\n"
        "- {name: c, groups: ['web-*']}",
        "line 3, column 22: group 'web-1' is in two waves: 'a', 'c'",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [{name: 'b-*', needs: [b-1]}]}",
        "line 3, column 22: these groups wait for each other: b-* -> b-*",
    ),
    (
        "name: x\nwaves:\n"
        "- {name: a, needs: [], groups: [{name: a1, needs: [c1]}]}\n"
        "- {name: b, needs: [], groups: [{name: b1, needs: [a1]}]}\n"
        "- {name: c, needs: [b], groups: [c1]}",
        "line 3, column 33: these wait for each other: group 'a1' ->",
    ),
    (
        # in a real failover c comes after a, which waits for c
        "name: x\nwaves:\n- {name: a, groups: [a1], needs: [c]}\n"
        "- {name: b, groups: [b1], needs: [], only: drill}\n"
        "- {name: c, groups: [c1]}",
        "line 3, column 3: these wait for each other: wave 'a' ->",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: ["
        + ", ".join(f"a{n}" for n in range(1000))
        + "]}\n- {name: b, groups: ["
        + ", ".join(f"b{n}" for n in range(1001))
        + "]}",
        "line 4, column 5912: the plan has 2001 groups; at most 2000",
    ),
    (
        "name: x\nwaves:\n- {name: a, groups: [on]}",
        "line 3, column 22: waves[1].groups[1]: 'True' must be text; put",
    ),
    (
        "name: x\ntimeout: 1:30\nwaves:\n- {name: a, groups: [b]}",
        "line 2, column 10: timeout must be a length of time",
    ),
    ('name: "x\\ny"', "line 1, column 7: name must not have control"),
    ('name: "\\ud800"', "line 1, column 7: half of a character is not"),
    ("name: x\r\ny: \0", "line 2, column 4: the character U+0000 is not"),
    ("name: x\nname: y", "line 2, column 1: 'name' occurs twice"),
    ("a: [b", "line 1, column 6: it is not YAML: "),
    ("a: &x [*x]", "line 1, column 4: an alias contains itself"),
    ("? [a]\n: b", "line 1, column 3: a key must be a word"),
    ("a: !!int b", "line 1, column 4: the value does not fit its tag"),
    ("[" * 500 + "]" * 500, "it is nested too deep"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_where_it_is_wrong(text: str, said: str) -> None:
    with pytest.raises(PlanProblem) as caught:
        load.parse(text, "p.yaml")
    assert any(said in one for one in caught.value.problems)
    assert all(one.startswith("p.yaml") for one in caught.value.problems)
    assert code_for(caught.value) == 1


def test_every_problem_is_named() -> None:
    text = "name: 1\nwaves:\n- {name: a, groups: [b], x: 1, parallel: 99}"
    with pytest.raises(PlanProblem) as caught:
        load.parse(text, "p.yaml")
    assert [one.split(":")[0] for one in caught.value.problems] == [
        "p.yaml, line 1, column 7",
        "p.yaml, line 3, column 26",
        "p.yaml, line 3, column 42",
    ]
    assert "(2 more problems)" in str(caught.value)


def test_aliases_that_grow_are_refused() -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    before = "a"
    for name in "bcdefg":
        text += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        before = name
    with pytest.raises(PlanProblem, match="more than 200000"):
        load.parse(text)


def test_merged_keys_that_grow_are_refused() -> None:
    text = "a: &a {x: 1, y: 2}\n"
    before = "a"
    for name in "bcdefghi":
        merged = ", ".join([f"*{before}"] * 9)
        text += f"{name}: &{name} {{<<: [{merged}]}}\n"
        before = name
    with pytest.raises(PlanProblem, match="more than 200000"):
        load.parse(text)


def test_a_whole_number_may_be_written_with_a_point() -> None:
    found = load.parse(
        "name: x\nparallel: 4.0\nwaves:\n- {name: a, groups: [b]}"
    )
    assert repr(found.parallel) == "4"


def test_aliases_and_merged_keys_are_read() -> None:
    text = """\
name: x
waves:
- &first {name: a, parallel: 2, groups: [b]}
- {<<: *first, name: c, groups: [d]}
"""
    found = load.parse(text)
    assert [(one.name, one.parallel) for one in found.waves] == [
        ("a", 2),
        ("c", 2),
    ]


@pytest.mark.parametrize(
    ("size", "said"), [(load.LARGEST + 1, "larger than 1 MiB"), (10, None)]
)
def test_its_size(size: int, said: str | None) -> None:
    text = "name: x\nwaves: [{name: a, groups: [b]}]\n#" + "x" * size
    if said is None:
        load.parse(text)
        return
    with pytest.raises(PlanProblem, match=said):
        load.parse(text)


# The file


def write(path: pathlib.Path, text: str = GOOD, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666])
def test_a_file_that_others_may_write(
    tmp_path: pathlib.Path, mode: int
) -> None:
    path = tmp_path / "p.yaml"
    write(path, mode=mode)
    with pytest.raises(PlanProblem, match="others may write"):
        plan.load(path)


def test_a_file_that_others_may_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "p.yaml"
    write(path, mode=0o644)
    assert plan.load(path).name == "city"


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_others_may_write(
    tmp_path: pathlib.Path, mode: int
) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    write(folder / "p.yaml")
    (tmp_path / "link.yaml").symlink_to(folder / "p.yaml")
    folder.chmod(mode)
    if mode & stat.S_ISVTX:
        assert plan.load(tmp_path / "link.yaml").name == "city"
        return
    with pytest.raises(PlanProblem, match="others may put another file"):
        plan.load(tmp_path / "link.yaml")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("missing", r"cannot read .*p\.yaml: No such file"),
        ("folder", r"p\.yaml is not a file"),
        ("pipe", r"p\.yaml is not a file"),
        (b"\xff\xfe", r"p\.yaml, line 1, column 1: it is not UTF-8"),
        (b"a: b\r\nc: \xe9", r"p\.yaml, line 2, column 4: it is not UTF-8"),
        ("é".encode() * load.LARGEST, "it is larger than 1 MiB"),
    ],
)
def test_what_is_no_file_of_text(
    tmp_path: pathlib.Path, data: bytes | str, said: str
) -> None:
    path = tmp_path / "p.yaml"
    if data == "folder":
        path.mkdir()
    elif data == "pipe":
        os.mkfifo(path, 0o600)
    elif isinstance(data, bytes):
        path.write_bytes(data)
        path.chmod(0o600)
    with pytest.raises(PlanProblem, match=said):
        plan.load(path)


def test_a_mapping_file_beside_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "m.yaml").write_text("networks: {a: b}\n")
    path = tmp_path / "p.yaml"
    text = "name: x\nmappings: m.yaml\nwaves: [{name: a, groups: [b]}]\n"
    write(path, text)
    found = plan.load(path)
    assert found.mappings.networks == {"a": "b"}
    assert dict(found.files) == {"m.yaml": "networks: {a: b}\n"}
    (tmp_path / "m.yaml").write_text("nets: {}\n")
    with pytest.raises(PlanProblem, match=r"line 2, column 11: .*unknown key"):
        plan.load(path)
    write(path, text.replace("m.yaml", '"a\\0b"'))
    with pytest.raises(PlanProblem, match=r"line 2, column 11: cannot read"):
        plan.load(path)


def test_the_schema_is_one() -> None:
    import jsonschema

    found: dict[str, Any] = dict(plan.schema())
    jsonschema.Draft202012Validator.check_schema(found)
