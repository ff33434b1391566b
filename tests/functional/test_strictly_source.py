"""A deployment that was built from the published page alone."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

import pytest

from fakeserver.api import source_page
from fakeserver.local.pair import LocalPair
from protectorclient import SitePair, exceptions
from tests.functional import test_walk
from tests.helpers import exit_table
from tests.helpers.clirunner import openstack

WEB = "prod-web-app"
HAND = "its operator does that at the service"
MEMBERS = "openstack server list shows instances"
LIST = "a list of sites (GET /v1/admin/sites answers HTTP 404)"
GROUP = "/v1/.../protection-groups/..."
METADATA = (
    f"the metadata of groups (GET {GROUP}/metadata answers HTTP 404);"
    " failover, failback and sync-status work without them"
)


@pytest.fixture(scope="module")
def strict() -> Iterator[LocalPair]:
    with LocalPair(sockets=True, strictly_source=source_page.TURNS) as found:
        yield found


@pytest.fixture(autouse=True)
def clouds(strict: LocalPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(strict.clouds_yaml))
    monkeypatch.setenv("OS_CLOUD", "site-a")
    monkeypatch.setenv("TOKEN", "a-token-of-an-array")


#: what is typed -> exit code, and what stderr has to say
CANNOT: dict[str, tuple[int, str]] = {
    "site list": (1, f"{LIST}; site show takes an id"),
    "site show site-a": (1, LIST),
    "site set site-a --description x": (1, LIST),
    "site delete site-a": (1, LIST),
    "site validate site-a": (1, LIST),
    "site volume type list site-a": (1, LIST),
    "tenant mapping list": (
        1,
        "tenant mappings (GET /v1/admin/tenant-mappings answers HTTP 404);"
        f" {HAND}",
    ),
    "tenant mapping create x --project site-a=x --project site-b=y": (
        1,
        LIST,
    ),
    "protection-group create shop --volume-type flash-async": (
        1,
        "the creation of groups (POST /v1/.../protection-groups answers HTTP"
        f" 404); {HAND}",
    ),
    f"protection-group set {WEB} --description x": (
        1,
        f"the change of a group (PATCH {GROUP} answers HTTP 404); {HAND}",
    ),
    f"protection-group delete {WEB}": (
        1,
        f"the deletion of groups (DELETE {GROUP} answers HTTP 404); {HAND}",
    ),
    f"member list {WEB}": (
        1,
        f"a list of members (GET {GROUP}/members answers HTTP 404); {MEMBERS}",
    ),
    f"member add {WEB} db-1": (
        1,
        f"the addition of members (POST {GROUP}/members answers HTTP 404);"
        f" {HAND}",
    ),
    f"member remove {WEB} web-1": (1, f"a list of members (GET {GROUP}"),
    f"policy delete {WEB}": (
        1,
        f"the removal of a policy (DELETE {GROUP}/policy answers HTTP 404);"
        " policy set replaces it",
    ),
    f"consistency-group show {WEB}": (1, "consistency-group sync makes one"),
    f"mapping suggest {WEB}": (1, METADATA),
    f"drift {WEB}": (1, METADATA),
    "health show": (
        1,
        "a health report (GET /v1/health answers HTTP 404); status works"
        " without it",
    ),
}
#: what works, in whole or in part: exit code, and what it must not say
WORKS: dict[str, tuple[int, str]] = {
    "protection-group list": (0, ""),
    f"protection-group show {WEB}": (0, ""),
    f"protection-group sync-status {WEB}": (0, ""),
    f"protection-group check {WEB}": (0, r"\bproblem  "),
    f"protection-group failover {WEB} --check": (0, r"\bproblem  "),
    f"protection-group reconcile {WEB} --yes": (0, r"nothing is left"),
    f"policy show {WEB}": (0, ""),
    f"policy set bare {exit_table.TOKENS}": (0, ""),
    "drill overdue --older-than 1d": (3, ""),
    "readiness --if-dead site-a": (3, r"\| (none|0s?) +\|"),
    "status": (0, r"\| yes +\|\s*\| yes"),
}


@pytest.mark.parametrize("command", CANNOT)
def test_what_cannot_work_says_what_is_missing(command: str) -> None:
    code, said = CANNOT[command]
    ran = openstack(f"protector {command}")
    assert ran.code == code, ran.err
    first = ran.err.splitlines()[0]
    assert first.startswith("site-a: this deployment does not offer ")
    assert said in first
    assert "Traceback" not in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("command", WORKS)
def test_what_works_claims_no_more_than_it_knows(command: str) -> None:
    code, wrong = WORKS[command]
    ran = openstack(f"protector {command}")
    assert ran.code == code, ran.err
    assert ran.out
    if wrong:
        assert not re.search(wrong, ran.out + ran.err)


def test_a_policy_that_is_shown_in_part() -> None:
    ran = openstack(f"protector policy set {WEB} --replication-interval 600")
    assert ran.code == 2
    assert ran.err.startswith(
        f"{WEB} has a policy whose URLs the deployment does not show: give"
        " --primary-fa-url"
    )


def test_readiness_is_not_known() -> None:
    rows = openstack("protector status -f json").json
    assert {row["ready"] for row in rows} == {None}
    assert {row["in_sync"] for row in rows} == {True}
    assert {tuple(row["reasons"]) for row in rows} == {
        ("unknown: this deployment has no health report",)
    }


@pytest.mark.parametrize(
    "form",
    [
        source_page.TURNS,
        *(
            pytest.param(form, marks=pytest.mark.thorough)
            for form in source_page.FORMS[1:]
        ),
    ],
)
def test_the_commands_of_the_page(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letter for letter, on the day that the page describes."""
    with LocalPair(sockets=True, strictly_source=form) as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        assert openstack("protector protection-group list").code == 0
        for command, after in (
            (test_walk.FAILOVER, "failed_over"),
            (test_walk.FAILBACK, "active"),
            (test_walk.TEST_FAILOVER, "active"),
            (f"protector protection-group test-cleanup {WEB}", "active"),
        ):
            operation = test_walk.begun(openstack(command))
            shown = openstack(f"protector operation show {operation} -f json")
            assert shown.json["status"] == "completed"
            assert test_walk.group_status("site-a") == after
            if command == test_walk.FAILOVER:
                what_it_was_started_with_is_not_known(operation)
            # times are in whole seconds: two in one have no order
            pair.advance(2)
        listed = openstack("protector operation list -f json").json
        assert len(listed) == 4

        pair.site("a").kill()
        unplanned = openstack(test_walk.UNPLANNED)
        assert unplanned.code == 0, unplanned.err
        operation = unplanned.err.split("begun: ")[1].split()[0]
        assert openstack(f"protector operation wait {operation}").code == 0
        dead = openstack(f"{test_walk.SYNC_STATUS} -f value -c status")
        assert (dead.code, dead.out) == (3, "UNREACHABLE\n")

        pair.site("a").start()
        apart = openstack(test_walk.SYNC_STATUS)
        assert apart.code == 3
        assert "| OUT OF SYNC " in apart.out
        assert openstack(test_walk.SYNC_FORCE).code == 0
        assert openstack(test_walk.SYNC_STATUS).code == 0

        # a start and a new world change nothing of what is offered
        pair.reset()
        assert pair.folder.settings().strictly_source == form
        again = openstack("protector health show")
        assert "does not offer a health report" in again.err


def what_it_was_started_with_is_not_known(operation: str) -> None:
    """No mapping is another answer, and would be another failback."""
    for command in (
        f"mapping show {operation}",
        f"protection-group failback {WEB} --reverse-mapping --yes",
    ):
        ran = openstack(f"protector {command}")
        assert (ran.code, ran.out) == (1, ""), ran.err
        assert ran.err.splitlines()[0].startswith(
            "site-a: this deployment does not offer the parameters of"
            f" operations ({operation} has none)"
        )
    # nor which instances are the group's
    verified = openstack(f"protector drill verify {operation}")
    assert (verified.code, verified.out) == (1, "")
    assert METADATA in verified.err.splitlines()[0]


def test_a_wrong_state_in_each_form() -> None:
    """The form of the body decides how much is known, and no code."""
    for _ in source_page.FORMS[1:]:
        ran = openstack(
            f"protector protection-group failback {WEB} --yes"
            " --network-mapping net-secondary-web=net-primary-web"
        )
        assert ran.code == 5, ran.err


def test_a_filter_that_the_page_lacks_filters_all_the_same() -> None:
    """The service ignores it and lists everything."""
    client = SitePair.open("site-a").primary.client
    names = [one.name for one in client.protection_groups.list(name=WEB)]
    assert names == [WEB]
    groups = client.protection_groups
    assert not list(groups.list(status="failed_over", limit=1))
    assert len(list(groups.list(status="active", limit=2))) == 2
    listed = openstack("protector protection-group list --status error")
    assert WEB not in listed.out


def test_an_option_that_the_page_lacks_is_named() -> None:
    """In whatever form the service says that it does not know it."""
    for _ in source_page.FORMS[1:]:
        ran = openstack(
            f"protector protection-group test-failover {WEB} --yes --isolated"
        )
        assert ran.code == 1, ran.err
        assert (
            "site-a: this deployment may not offer isolated: it refuses the"
            " action ("
        ) in ran.err


#: method of the library -> None, or what it lacks
LIBRARY: dict[str, str | None] = {
    "protection_groups.list()": None,
    "protection_groups.find('prod-web-app')": None,
    "protection_groups.get(group)": None,
    "protection_groups.sync_status(group)": None,
    "protection_groups.update(group, description='x')": "the change of a",
    "protection_groups.delete(group)": "the deletion of groups",
    "operations.list()": None,
    "policies.get(group)": None,
    "policies.delete(group)": "the removal of a policy",
    "members.list(group)": "a list of members",
    "members.get(group, 'x')": "a list of members",
    "consistency_groups.get(group)": "a list of recovery points",
    "metadata.get(group)": "the metadata of groups",
    "health.list()": "a health report",
    "sites.list()": "a list of sites",
    "sites.find('site-a')": "a list of sites",
    "sites.get(group.current_primary_site_id)": None,
    "sites.volume_types(group.current_primary_site_id)": "a list of replica",
    "tenant_mappings.list()": "tenant mappings",
    "versions()": None,
}


@pytest.mark.parametrize("call", LIBRARY)
def test_the_library(call: str, strict: LocalPair) -> None:
    client = SitePair.open("site-a").primary.client
    group = client.protection_groups.find(WEB)
    lacks = LIBRARY[call]
    try:
        found = eval(f"client.{call}", {"client": client, "group": group})
        if isinstance(found, Iterator):
            list(found)
    except exceptions.VersionNotSupported as error:
        assert lacks is not None, error
        assert f"this deployment does not offer {lacks}" in error.message
    else:
        assert lacks is None


def test_a_group_that_is_not_there_is_no_missing_feature(
    strict: LocalPair,
) -> None:
    client = SitePair.open("site-a").primary.client
    unknown = "00000000-0000-4000-8000-00000000dead"
    with pytest.raises(exceptions.NotFound):
        list(client.members.list(unknown))


def test_clouds_that_are_not_named_as_the_sites(
    strict: LocalPair, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = strict.clouds_yaml.read_text()
    for name in ("site-a", "site-b"):
        text = text.replace(f"  {name}:\n", f"  my-{name}:\n")
        text = text.replace(f'cloud: "{name}"', f'cloud: "my-{name}"')
    path = tmp_path / "clouds.yaml"
    path.write_text(text)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    ran = openstack(
        f"--os-cloud my-site-a protector protection-group failover {WEB} --yes"
    )
    assert ran.code == 1
    assert ran.err.splitlines()[0] == (
        "this deployment does not say which site a service is of, so its"
        " entry in clouds.yaml must have the site's name: site-a"
    )
