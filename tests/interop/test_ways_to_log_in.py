"""Every way to log in at a real Keystone, and every kind of catalog."""

import dataclasses
from collections.abc import Callable

import pytest

from fakeserver.sandbox.folder import Folder
from tests.helpers.clirunner import SHELLS, openstack, protector
from tests.interop.clouds import Clouds
from tests.interop.place import Place

pytestmark = pytest.mark.interop
GROUPS = ["bare", "prod-db", "prod-web-app"]
LIST = "protection-group list -f value -c Name"
Use = Callable[[str], None]

GOOD = (
    "",
    "-admin",
    "-auditor",
    "-credential",
    "-credential-name",
    "-token",
    "-bare-token",
    "-project-id",
    "-default-project",
    "-no-version",
    "-slash",
    "-second-region",
    "-no-region",
    "-internal",
    "-override",
    "-override-v1",
)


@pytest.mark.parametrize("site", ["site-a", "site-b"])
@pytest.mark.parametrize("way", GOOD)
def test_it_sees_the_groups(use: Use, site: str, way: str) -> None:
    use(site + way)
    listed = protector(LIST)
    assert (listed.code, listed.err) == (0, "")
    assert listed.out.split() == GROUPS


@pytest.mark.parametrize("shell", SHELLS)
def test_both_shells(use: Use, shell: str) -> None:
    use("site-a-credential")
    listed = SHELLS[shell](LIST)
    assert (listed.code, listed.out.split()) == (0, GROUPS)


@pytest.mark.parametrize(
    "way",
    ["", "-credential", "-credential-name", "-token", "-second-region"],
)
def test_it_moves_something(use: Use, sandbox: Folder, way: str) -> None:
    """Each site then logs in at the Keystone of the other."""
    use(f"site-a{way}")
    synced = protector("consistency-group sync prod-web-app --wait -f json")
    assert synced.code == 0, synced.err
    assert synced.json["status"] == "completed"
    status = protector("protection-group sync-status prod-web-app -f json")
    assert status.code == 0, status.err
    assert status.json["status"] == "IN_SYNC"


def test_another_project_sees_nothing(use: Use) -> None:
    use("site-a-rival")
    assert protector(LIST).out == ""
    shown = protector("protection-group show prod-web-app")
    assert shown.code == 1
    assert "prod-web-app" in shown.err


@dataclasses.dataclass(frozen=True)
class Bad:
    """An entry that leads nowhere, and what is said of it."""

    way: str
    code: int
    words: str


BAD = (
    Bad("wrong-password", 7, "Keystone refused: "),
    Bad("no-such-project", 7, "Keystone refused: "),
    Bad("foreign-project", 7, "Keystone refused: "),
    Bad("wanderer", 7, "the token is not scoped to a project"),
    Bad("wanderer-override", 7, "the token is not scoped to a project"),
    Bad("domain", 7, "the token is not scoped to a project"),
    Bad("system", 7, "the token is not scoped to a project"),
    Bad(
        "bare-region",
        1,
        "the catalog has no public endpoint of a protector service in "
        "region RegionThree",
    ),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.way)
def test_it_is_refused_in_a_sentence(use: Use, bad: Bad) -> None:
    use(f"site-a-{bad.way}")
    listed = protector(LIST)
    assert (listed.code, listed.out) == (bad.code, "")
    assert listed.err.startswith(f"site-a-{bad.way}: {bad.words}")


@pytest.mark.parametrize(
    "way, url",
    [
        ("override-keystone", "keystones"),
        ("override-nowhere", None),
        ("admin-interface", None),
        ("dead-keystone", None),
    ],
)
def test_an_address_at_which_nothing_is(
    use: Use, known: Clouds, run: Place, way: str, url: str | None
) -> None:
    """Of one site alone: where both have one address, that is said."""
    name = f"site-a-{way}"
    entry = known.entries[name]
    entry["protector_secondary_cloud"] = "site-b"
    known.write()
    use(name)
    listed = protector(f"operation list --site {name}")
    assert (listed.code, listed.out) == (6, "")
    if way == "override-keystone":
        assert run.keystones["site-a"] in listed.err
        assert "protector_endpoint_override" in listed.err
    else:
        assert "connection refused" in listed.err


def test_the_clouds_commands_work(use: Use) -> None:
    use("site-a")
    for command, count in (
        ("server list -f json", 6),
        ("volume list -f json", 10),
        ("network list -f json", 2),
        ("flavor list -f json", 3),
        ("catalog list -f json", 6),
    ):
        listed = openstack(command)
        assert listed.code == 0, listed.err
        assert len(listed.json) == count, command


def test_each_site_is_what_a_pair_needs(use: Use) -> None:
    """The service logs in at both Keystones with the accounts it keeps."""
    use("site-a-admin")
    for site in ("site-a", "site-b"):
        validated = protector(f"site validate {site} -f json")
        assert validated.code == 0, validated.err + validated.out
