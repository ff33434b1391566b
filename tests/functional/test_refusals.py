"""Bad input: one sentence, the right exit status, and nothing changed."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair
from tests.helpers import clirunner
from tests.helpers.clirunner import (
    EITHER_SHELL,
    SHELLS,
    Ran,
    openstack,
    protector,
)

WEB = "--network-mapping net-primary-web=net-secondary-web"
GROUP = "protection-group"


@pytest.fixture(scope="module")
def pair() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as found:
        yield found


@pytest.fixture(autouse=True)
def clouds(pair: LocalPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
    monkeypatch.setenv("OS_CLOUD", "site-a")


@pytest.fixture(scope="module")
def both(pair: LocalPair) -> SitePair:
    """The sites as a program sees them, to look whether they changed."""
    os.environ["OS_CLIENT_CONFIG_FILE"] = str(pair.clouds_yaml)
    return SitePair.open("site-a", "site-b")


def everything(both: SitePair) -> list[dict[str, Any]]:
    """What both sites say of all groups, and of what was started."""
    return [
        record.to_dict()
        for handle in both.handles
        for records in (
            handle.client.protection_groups.list(),
            handle.client.operations.list(),
        )
        for record in records
    ]


SUGGEST = "openstack protector mapping suggest prod-web-app"
OPERATIONS = "openstack protector operation list --all-sites"
WHO = "token issue -c user_id -c project_id"
SET_POLICY = (
    "openstack protector policy set bare"
    " --primary-fa-url $PRIMARY_FA_URL"
    " --secondary-fa-url $SECONDARY_FA_URL"
    " --primary-fa-api-token-env PRIMARY_FA_API_TOKEN"
    " --secondary-fa-api-token-env SECONDARY_FA_API_TOKEN"
)
#: what is typed, the exit status, all that stderr says
REFUSED = [
    (
        f"{GROUP} show nosuch",
        1,
        "no protection group has the name or id 'nosuch'\n"
        "openstack protector protection-group list\n",
    ),
    (
        f"{GROUP} failover nosuch",
        1,
        "no protection group has the name or id 'nosuch'\n"
        "openstack protector protection-group list\n",
    ),
    (
        f"{GROUP} show 'prod-web-app?name=x'",
        1,
        "no protection group has the name or id 'prod-web-app?name=x'\n"
        "openstack protector protection-group list\n",
    ),
    (
        f"{GROUP} failover prod-web-app "
        "--network-mapping nosuch=net-secondary-web",
        1,
        f"site-a: no network has the name or id 'nosuch'\n{SUGGEST}\n",
    ),
    (
        f"{GROUP} failover prod-web-app "
        "--network-mapping net-primary-web=nosuch",
        1,
        f"site-b: no network has the name or id 'nosuch'\n{SUGGEST}\n",
    ),
    (
        f"{GROUP} failover prod-web-app {WEB} --flavor-mapping m1.large=tiny",
        1,
        f"site-b: no flavor has the name or id 'tiny'\n{SUGGEST}\n",
    ),
    (
        f"{GROUP} failover prod-web-app --network-mapping a=",
        2,
        "'a=' is not a network mapping of the form SOURCE=TARGET\n"
        "openstack protector mapping suggest prod-web-app\n",
    ),
    (
        f"{GROUP} failover prod-web-app --network-mapping =b",
        2,
        "'=b' is not a network mapping of the form SOURCE=TARGET\n"
        "openstack protector mapping suggest prod-web-app\n",
    ),
    (
        f"{GROUP} failover prod-web-app --flavor-mapping m1.large",
        2,
        "'m1.large' is not a flavor mapping of the form SOURCE=TARGET\n"
        "openstack protector mapping suggest prod-web-app\n",
    ),
    (
        f"{GROUP} failover prod-web-app {WEB} "
        "--network-mapping net-primary-web=net-secondary-db",
        2,
        "'net-primary-web' is mapped twice, to 'net-secondary-web' and to "
        "'net-secondary-db'\n"
        "openstack protector mapping suggest prod-web-app\n",
    ),
    (
        f"{GROUP} failover prod-db "
        "--network-mapping net-primary-db=net-secondary-db",
        5,
        "site-a: Nothing at site-b matches flavor db.big; map each to "
        "something that exists there\n"
        "openstack protector protection-group failover prod-db "
        "--network-mapping net-primary-db=net-secondary-db "
        "--flavor-mapping db.big=db.large\n",
    ),
    (
        f"{GROUP} failover bare {WEB}",
        5,
        "site-a: Protection group bare has no replication policy\n"
        f"{SET_POLICY}\n",
    ),
    (
        f"{GROUP} failback prod-web-app",
        5,
        "site-a: Protection Group is not in failed_over state\n"
        "openstack protector operation list --all-sites "
        "--protection-group prod-web-app\n",
    ),
    (
        f"{GROUP} test-cleanup prod-web-app",
        5,
        "site-a: Protection group prod-web-app has no test failover to clean "
        "up (req-ID)\n"
        "openstack protector operation list --all-sites --protection-group "
        "prod-web-app --type test_failover\n",
    ),
    (
        f"{GROUP} failover prod-web-app --type unplanned {WEB}",
        5,
        "site-a is alive: its Keystone answers, its protector answers, its "
        "protector answers site-b. Unplanned failover refused: both sites "
        "would run the group\n"
        "hint: --accept-divergence fails over all the same\n"
        f"openstack protector {GROUP} failover prod-web-app {WEB}\n",
    ),
    (
        f"{GROUP} failover prod-web-app {WEB} --accept-divergence",
        2,
        "--accept-divergence goes with --type unplanned\n"
        "openstack protector protection-group failover --help\n",
    ),
    (
        f"{GROUP} failover prod-web-app {WEB} --timeout 5m",
        2,
        "--timeout goes with --wait\n"
        "openstack protector protection-group failover --help\n",
    ),
    (
        f"{GROUP} failover prod-web-app {WEB} --reason '{'x' * 256}'",
        2,
        "--reason takes at most 255 characters\n"
        "openstack protector protection-group failover --help\n",
    ),
    (
        f"{GROUP} failover prod-web-app {WEB} -c nothing",
        2,
        "no column is named nothing; there are id, protection_group_id, "
        "operation_type, status, progress, source_site_id, target_site_id, "
        "started_at, completed_at, updated_at, error_message, "
        "steps_completed, steps_failed, parameters, request_id, result_data, "
        "site, audit_log\n"
        "openstack protector protection-group failover --help\n",
    ),
    (
        f"{GROUP} list -c nothing",
        2,
        "no column is named nothing; there are ID, Name, Status, Current "
        "Primary, Members\n"
        "openstack protector protection-group list --help\n",
    ),
    (
        f"{GROUP} list --sort-column Name --sort-column nothing",
        2,
        "no column is named nothing; there are ID, Name, Status, Current "
        "Primary, Members\n"
        "openstack protector protection-group list --help\n",
    ),
    (
        f"{GROUP} set prod-web-app",
        2,
        "there is nothing to change\n"
        "openstack protector protection-group set --help\n",
    ),
    (
        f"{GROUP} set prod-web-app --status active",
        7,
        "site-a: This needs the role admin (req-ID)\n"
        f"openstack --os-cloud site-a {WHO}\n",
    ),
    (
        f"{GROUP} sync-force prod-web-app --winner site-c",
        2,
        "--winner: no site is called 'site-c': there are site-a and site-b\n"
        "openstack protector protection-group sync-force --help\n",
    ),
    (
        f"{GROUP} reconcile prod-web-app --winner site-c",
        2,
        "--winner: no site is called 'site-c': there are site-a and site-b\n"
        "openstack protector protection-group reconcile --help\n",
    ),
    (
        "operation show op-nosuch",
        1,
        f"no site knows an operation 'op-nosuch'\n{OPERATIONS}\n",
    ),
    (
        "operation list --all-sites --marker x",
        1,
        f"no site knows an operation 'x'\n{OPERATIONS}\n",
    ),
    (
        f"operation list --marker op-{uuid.UUID(int=1)}",
        1,
        f"no site knows an operation 'op-ID'\n{OPERATIONS}\n",
    ),
    (
        "policy show bare",
        1,
        "site-a: Protection group bare has no policy (req-ID)\n"
        f"{SET_POLICY}\n",
    ),
    (
        "policy set prod-db",
        2,
        "there is nothing to change\nopenstack protector policy set --help\n",
    ),
    (
        "policy set bare --primary-fa-url https://a.example.com",
        2,
        "bare has no policy yet: give --secondary-fa-url\n"
        "openstack protector policy set --help\n",
    ),
    (
        "member add prod-web-app nosuch",
        1,
        "site-a: no server has the name or id 'nosuch'\n"
        "openstack --os-cloud site-a server list\n",
    ),
    (
        f"--os-cloud site-a-rival {GROUP} show prod-web-app",
        1,
        "no protection group has the name or id 'prod-web-app'\n"
        "openstack --os-cloud site-a-rival protector protection-group list\n",
    ),
    (
        f"--os-cloud site-a-auditor --secondary-cloud site-b {GROUP} failover "
        f"prod-web-app {WEB}",
        7,
        "site-a-auditor: This needs the role member (req-ID)\n"
        f"openstack --os-cloud site-a-auditor {WHO}\n",
    ),
    (
        f"--os-password wrong {GROUP} list --site site-a",
        7,
        "site-a: Keystone refused: The request you have made requires "
        "authentication. (HTTP 401)\n"
        f"openstack --os-cloud site-a {WHO}\n",
    ),
    (
        f"--secondary-cloud site-a {GROUP} sync-status prod-web-app",
        1,
        "'site-a' is named as the other site of itself; name the other one by"
        " --secondary-cloud, OS_SECONDARY_CLOUD or the key"
        " protector_secondary_cloud in the entry of 'site-a'\n",
    ),
    (
        f"--secondary-cloud nosuch {GROUP} sync-force prod-web-app",
        1,
        "CLOUDS_YAML has no cloud 'nosuch'; the clouds in it: site-a, "
        "site-a-admin, site-a-auditor, site-a-rival, site-b, site-b-admin, "
        "site-b-auditor, site-b-rival\n",
    ),
]


@pytest.mark.parametrize("shell", EITHER_SHELL)
@pytest.mark.parametrize(
    ("command", "code", "told"), REFUSED, ids=[row[0] for row in REFUSED]
)
def test_refused_in_one_sentence(
    shell: str, command: str, code: int, told: str, both: SitePair
) -> None:
    before = everything(both)
    options, rest = _split(command)
    if shell == "openstack":
        ran = clirunner.openstack(f"{options} protector {rest}")
    else:
        ran = protector(command)
    assert ran.code == code, ran.err
    assert ran.out == ""
    clouds_yaml = os.environ["OS_CLIENT_CONFIG_FILE"]
    assert ran.brief == told.replace("CLOUDS_YAML", clouds_yaml)
    assert "Traceback" not in ran.err
    assert everything(both) == before


def _split(command: str) -> tuple[str, str]:
    """The global options, which go before ``protector``, and the rest."""
    words = command.split(" ")
    at = 0
    while words[at].startswith("--"):
        at += 2
    return " ".join(words[:at]), " ".join(words[at:])


#: what is typed, and the last line that argparse writes
USAGE = [
    (
        f"{GROUP} failback prod-web-app --type unplanned",
        "--type belongs to '{0} protection-group failover'",
    ),
    (
        f"{GROUP} failover prod-web-app --reverse-replication",
        "--reverse-replication belongs to '{0} protection-group failback'",
    ),
    (
        f"{GROUP} failover prod-web-app --retain-primary",
        "--retain-primary belongs to '{0} protection-group test-failover'",
    ),
    (
        f"{GROUP} test-cleanup prod-web-app --network-mapping a=b",
        "--network-mapping belongs to '{0} protection-group failover', "
        "'failback' or 'test-failover'",
    ),
    (
        f"{GROUP} failback prod-web-app --force",
        "there is no --force; see '{0} protection-group failover --type "
        "unplanned'",
    ),
    (
        f"{GROUP} failover prod-web-app --strict",
        "--strict belongs to '{0} protection-group check'",
    ),
    (
        f"{GROUP} failover prod-web-app --for failback",
        "--for belongs to '{0} protection-group check' or 'mapping check'",
    ),
    (
        f"{GROUP} check prod-web-app --yes",
        "--yes belongs to '{0} protection-group failover', 'failback', "
        "'test-failover', 'test-cleanup', 'sync-force' or 'reconcile'",
    ),
    (
        "status --check",
        "--check belongs to '{0} protection-group failover', 'failback', "
        "'test-failover', 'test-cleanup' or 'consistency-group sync'",
    ),
    (
        f"{GROUP} sync-status prod-web-app --winner site-a",
        "--winner belongs to '{0} protection-group sync-force' or "
        "'protection-group reconcile'",
    ),
    (
        "operation show x --wait",
        "--wait belongs to '{0} protection-group failover', 'failback', "
        "'test-failover', 'test-cleanup' or 'consistency-group sync'",
    ),
    (
        f"{GROUP} failover prod-web-app --wait --timeout 5x",
        "argument --timeout: '5x' is not a duration such as 90s, 15m or 1h30m",
    ),
    (
        f"{GROUP} list --limit 0",
        "argument --limit: '0' is not a whole number above 0",
    ),
    (
        f"{GROUP} failover",
        "the following arguments are required: <protection-group>",
    ),
    (
        f"{GROUP} failover prod-web-app --nonsense",
        "unrecognized arguments: --nonsense",
    ),
]


@pytest.mark.parametrize("shell", EITHER_SHELL)
@pytest.mark.parametrize(
    ("command", "message"), USAGE, ids=[row[0] for row in USAGE]
)
def test_usage_errors_name_what_is_right(
    shell: str, command: str, message: str
) -> None:
    program = {"openstack": "openstack protector", "protector": "protector"}
    ran = SHELLS[shell](command)
    assert (ran.code, ran.out) == (2, "")
    last = ran.err.splitlines()[-1]
    assert last.endswith(f"error: {message.format(program[shell])}")


def test_an_unknown_api_version_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OS_PROTECTOR_API_VERSION", "2.0")
    for run in SHELLS.values():
        ran = run(f"{GROUP} list")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            "'2.0' is not a protector API version; there are 1.0, 1.1, 1.2, "
            "latest\n"
            "openstack protector protection-group list --help\n"
        )


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_a_command_that_does_not_exist(shell: str, pair: LocalPair) -> None:
    program = "protector" if shell == "protector" else "openstack protector"
    for typed, named, meant in (
        ("failover", "failover", f"{GROUP} failover"),
        (f"{GROUP} lits", f"{GROUP} lits", f"{GROUP} list"),
        ("failover x --wait", "failover x", f"{GROUP} failover x --wait"),
        ("protction-group list", "protction-group list", f"{GROUP} list"),
    ):
        ran = SHELLS[shell](typed)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            f"{program}: there is no command '{named}'; did you mean:\n"
            f"{program} {meant}\n"
        )
    ran = SHELLS[shell]("xyzzy")
    assert ran.code == 2
    assert ran.err.endswith(f"all commands:\n{program} --help\n")
    listed = SHELLS[shell]("")
    assert (listed.code, listed.out) == (2, "")
    assert f"  {GROUP} failover\n" in listed.err


def test_the_fast_shell_forgives_a_word_too_many() -> None:
    ran = protector("protector failover")
    assert ran.err.endswith(f"\nprotector {GROUP} failover\n")
    assert protector("help failover").err == ran.err
    assert protector(f"help {GROUP} show").code == 0


def test_the_completion_of_a_shell_knows_every_command(
    pair: LocalPair,
) -> None:
    shown = openstack("complete").out
    assert re.search(r"^  cmds_protector='.*\bmember\b", shown, re.MULTILINE)
    assert re.search(
        r"^  cmds_protector_member='add list remove'", shown, re.MULTILINE
    )


def test_a_name_that_two_networks_share(pair: LocalPair) -> None:
    """Their ids are told, and one of them will do."""
    doubles = _make_networks_share_a_name(pair)
    mapping = "--network-mapping net-primary-web=shared"
    ran = protector(f"{GROUP} failover prod-web-app {mapping}")
    assert ran.code == 1
    assert ran.err == (
        f"site-b: 2 networks are named 'shared': {', '.join(doubles)}; use "
        "the id\n"
        "openstack protector mapping suggest prod-web-app\n"
    )
    assert _started() == []


def _make_networks_share_a_name(pair: LocalPair) -> list[str]:
    session = pair.session("site-b-admin")
    url = session.get_endpoint(service_type="network")
    networks = session.get(f"{url}/v2.0/networks").json()["networks"]
    for network in networks:
        session.put(
            f"{url}/v2.0/networks/{network['id']}",
            json={"network": {"name": "shared"}},
        )
    return [network["id"] for network in networks]


def _started() -> list[Any]:
    return list(protector("operation list -f json").json)


def test_a_second_action_while_one_runs(pair: LocalPair) -> None:
    pair.reset()
    pair.fault("slow-replication", seconds=30.0)
    try:
        first = protector(f"{GROUP} failover prod-web-app {WEB}")
        assert first.code == 0
        second: Ran = protector(f"{GROUP} failover prod-web-app {WEB}")
        assert second.code == 5
        assert second.out == ""
        assert len(_started()) == 1
    finally:
        pair.clear_faults()
        pair.reset()
