"""Every endpoint, reached and answered through the library.

One test an endpoint, few enough to be run under every set of versions that
the client is said to work with.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from fakeserver.api import description
from fakeserver.local.pair import LocalPair
from protectorclient.records.site import Site
from tests.contract.test_library_endpoints import METHODS
from tests.helpers.judging import Judge
from tests.helpers.library_parts import Live, opened

pytestmark = pytest.mark.versions

Route = tuple[str, str]

SITES = "/v1/admin/sites"
MAPPINGS = "/v1/admin/tenant-mappings"
TENANT = "/v1/{tenant_id}"
GROUPS = f"{TENANT}/protection-groups"
GROUP = f"{GROUPS}/{{pg_id}}"


def discover(live: Live) -> None:
    """As keystoneauth does for a service of the catalog."""
    found = live.pair.session().get_endpoint_data(
        service_type="protector", region_name="RegionOne"
    )
    assert found.min_microversion == (1, 0)
    assert found.max_microversion == (1, 2)


def versions(live: Live) -> None:
    assert str(live.client().versions()) == "1.0 to 1.2"


def described(live: Live) -> None:
    assert live.client().openapi()["openapi"].startswith("3.1")


def create_site(live: Live) -> Site:
    return live.client("site-a-admin").sites.create(
        "site-c",
        auth_url="http://c.example.com/v3",
        protector_url="http://c.example.com:8788",
        array_name="array-c",
        volume_backend_host="c@d#e",
        username="u",
        password="p",
        project_name="service",
    )


def delete_site(live: Live) -> None:
    made = create_site(live)
    live.client("site-a-admin").sites.delete(made)


def act(live: Live) -> None:
    """Every action that can succeed in a world that is well."""
    for action in ("failback", "test_cleanup", "sync_volumes", "act"):
        live.pair.reset()
        METHODS[f"protection_groups.{action}"](live)


#: who reaches it: a method of the library that the table of methods tries
ROUTES: dict[Route, str | Callable[[Live], object]] = {
    ("GET", "/"): discover,
    ("GET", "/v1/"): versions,
    ("GET", "/v1/openapi.json"): described,
    ("GET", "/v1/health"): "health.list",
    ("GET", SITES): "sites.list",
    ("POST", SITES): create_site,
    ("GET", f"{SITES}/{{site_id}}"): "sites.get",
    ("PATCH", f"{SITES}/{{site_id}}"): "sites.update",
    ("DELETE", f"{SITES}/{{site_id}}"): delete_site,
    ("POST", f"{SITES}/{{site_id}}/validate"): "sites.validate",
    ("GET", f"{SITES}/{{site_id}}/volume-types"): "sites.volume_types",
    ("GET", MAPPINGS): "tenant_mappings.list",
    ("POST", MAPPINGS): "tenant_mappings.create",
    ("GET", f"{MAPPINGS}/{{mapping_id}}"): "tenant_mappings.get",
    ("DELETE", f"{MAPPINGS}/{{mapping_id}}"): "tenant_mappings.delete",
    ("GET", GROUPS): "protection_groups.list",
    ("POST", GROUPS): "protection_groups.create",
    ("GET", GROUP): "protection_groups.get",
    ("PATCH", GROUP): "protection_groups.update",
    ("DELETE", GROUP): "protection_groups.delete",
    ("POST", f"{GROUP}/action"): act,
    ("GET", f"{GROUP}/sync-status"): "protection_groups.sync_status",
    ("POST", f"{GROUP}/sync-force"): "protection_groups.sync_force",
    ("GET", f"{GROUP}/members"): "members.list",
    ("POST", f"{GROUP}/members"): "members.add",
    ("GET", f"{GROUP}/members/{{member_id}}"): "members.get",
    ("DELETE", f"{GROUP}/members/{{member_id}}"): "members.remove",
    ("GET", f"{GROUP}/policy"): "policies.get",
    ("POST", f"{GROUP}/policy"): "policies.set",
    ("DELETE", f"{GROUP}/policy"): "policies.delete",
    ("GET", f"{GROUP}/consistency-group"): "consistency_groups.get",
    ("POST", f"{GROUP}/consistency-group/sync"): "consistency_groups.sync",
    ("GET", f"{GROUP}/metadata"): "metadata.get",
    ("PUT", f"{GROUP}/metadata"): "metadata.put",
    # between the sites: one question for the health of all groups
    ("GET", f"{TENANT}/sync-status"): "health.list",
    ("GET", f"{TENANT}/operations"): "operations.list",
    ("GET", f"{TENANT}/operations/{{op_id}}"): "operations.get",
}


@pytest.fixture(scope="module")
def pair(judge: Judge) -> Iterator[LocalPair]:
    yield from opened()


def test_every_endpoint_is_here() -> None:
    assert set(ROUTES) == set(description.routes())


@pytest.mark.parametrize(
    "route", ROUTES, ids=[" ".join(route) for route in ROUTES]
)
def test_an_endpoint(route: Route, pair: LocalPair, judge: Judge) -> None:
    pair.reset()
    before = Counter(judge.seen)
    reach = ROUTES[route]
    (METHODS[reach] if isinstance(reach, str) else reach)(Live(pair))
    reached = {
        (answer.method, answer.path)
        for answer in judge.seen - before
        if answer.status < 400
    }
    assert route in reached
