"""From clouds.yaml to two sites, with nothing asked on the way."""

import dataclasses
import pathlib
from collections.abc import Callable

import pytest
import requests
import requests_mock
from keystoneauth1 import fixture

import protectorclient
from protectorclient import exceptions
from protectorclient.config import cloud
from protectorclient.durations import CONNECT_TIMEOUT, READ_TIMEOUT
from tests.helpers.canned_site import (
    AUTH,
    PROJECT,
    ROOT,
    TOKEN,
    token,
    version_document,
)

CLOUDS = f"""
clouds:
  site-a:
    auth: &auth
      auth_url: {AUTH}
      username: demo
      password: a-password-that-nobody-may-see
      project_name: demo
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    protector_secondary_cloud: site-b
  site-b:
    auth: *auth
    region_name: RegionOne
  direct:
    auth: *auth
    protector_endpoint_override: {ROOT}/v1
    api_timeout: 7
  itself:
    auth: *auth
    protector_secondary_cloud: itself
  broken:
    auth:
      auth_url: {AUTH}
"""


@pytest.fixture(autouse=True)
def clouds(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> pathlib.Path:
    path = tmp_path / "clouds.yaml"
    path.write_text(CLOUDS)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    return path


@pytest.fixture
def service(requests_are_mocked: requests_mock.Mocker) -> requests_mock.Mocker:
    mock = requests_are_mocked
    mock.post(
        f"{AUTH}/auth/tokens",
        json=token(),
        headers={"X-Subject-Token": TOKEN},
    )
    mock.get(f"{ROOT}/v1/", json=version_document())
    mock.get(
        f"{ROOT}/v1/{PROJECT}/protection-groups",
        json={"protection_groups": [{"id": "pg-1"}]},
    )
    return mock


def test_connect(service: requests_mock.Mocker) -> None:
    client = protectorclient.connect("site-a")
    assert service.call_count == 0, "nothing is asked before it is used"
    assert [group.id for group in client.protection_groups.list()] == ["pg-1"]
    assert client.site_name == "site-a"
    assert client.project_id == PROJECT


def test_everything_has_a_timeout_keystone_included(
    service: requests_mock.Mocker,
) -> None:
    client = protectorclient.connect("site-a", timeout=11)
    list(client.protection_groups.list())
    asked = {r.hostname: r.timeout for r in service.request_history}
    assert asked == {
        "keystone.a": (CONNECT_TIMEOUT, READ_TIMEOUT),
        "protector.a": (CONNECT_TIMEOUT, 11),
    }


def test_proxies_are_looked_up_once_for_each_host(
    service: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "keystone.a")
    looked = []
    original = requests.sessions.get_environ_proxies

    def counted(url: str, **kwargs: object) -> object:
        looked.append(url)
        return original(url, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.sessions, "get_environ_proxies", counted)
    client = protectorclient.connect("site-a")
    for _ in range(3):
        list(client.protection_groups.list())
    assert len(looked) == 2
    used = {r.hostname: dict(r.proxies) for r in service.request_history}
    assert used["protector.a"]["http"] == "http://proxy:3128"
    assert "http" not in used["keystone.a"]


def test_keystone_is_not_asked_for_its_versions(
    service: requests_mock.Mocker,
) -> None:
    list(protectorclient.connect("site-a").protection_groups.list())
    asked = [(r.method, r.path) for r in service.request_history]
    assert asked == [
        ("POST", "/v3/auth/tokens"),
        ("GET", "/v1/"),
        ("GET", f"/v1/{PROJECT}/protection-groups"),
    ]


def test_timeout_and_address_of_the_entry(
    service: requests_mock.Mocker,
) -> None:
    client = protectorclient.connect("direct")
    list(client.protection_groups.list())
    assert service.last_request is not None
    assert service.last_request.timeout == (CONNECT_TIMEOUT, 7)


def test_os_cloud(
    service: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_CLOUD", "site-b")
    assert protectorclient.connect().site_name == "site-b"


def test_without_os_cloud_the_other_variables(
    service: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("AUTH_URL", AUTH),
        ("USERNAME", "demo"),
        ("PASSWORD", "a-password-that-nobody-may-see"),
        ("PROJECT_NAME", "demo"),
        ("USER_DOMAIN_NAME", "Default"),
        ("PROJECT_DOMAIN_NAME", "Default"),
    ):
        monkeypatch.setenv(f"OS_{name}", value)
    client = protectorclient.connect()
    assert list(client.protection_groups.list())


@pytest.mark.parametrize("name", ["site-c", "broken"])
def test_an_entry_that_cannot_be_used(name: str) -> None:
    with pytest.raises(exceptions.ConfigProblem):
        protectorclient.connect(name)


def test_a_file_that_cannot_be_read(clouds: pathlib.Path) -> None:
    clouds.write_text("clouds: [")
    with pytest.raises(exceptions.ProtectorError):
        protectorclient.connect("site-a")


@pytest.mark.parametrize(
    ("explicit", "variable", "expected"),
    [
        (None, None, "site-b"),
        (None, "direct", "direct"),
        ("site-b", "direct", "site-b"),
    ],
)
def test_the_other_site(
    explicit: str | None,
    variable: str | None,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable:
        monkeypatch.setenv("OS_SECONDARY_CLOUD", variable)
    pair = protectorclient.SitePair.open("site-a", explicit)
    assert (pair.primary.name, pair.secondary.name) == ("site-a", expected)


@pytest.mark.parametrize(
    ("first", "words"),
    [("site-b", "protector_secondary_cloud"), ("itself", "of itself")],
)
def test_no_other_site(first: str, words: str) -> None:
    with pytest.raises(exceptions.ConfigProblem, match=words):
        protectorclient.SitePair.open(first)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_an_sdk_connection_will_do(service: requests_mock.Mocker) -> None:
    import openstack

    service.get(AUTH, json={"version": fixture.V3Discovery(AUTH)})
    connection = openstack.connect(cloud="site-a")
    client = protectorclient.from_connection(connection)
    assert [group.id for group in client.protection_groups.list()] == ["pg-1"]
    assert client.site_name == "site-a"
    connection.close()


def test_nothing_secret_is_shown() -> None:
    access = cloud.open_access("site-a")
    shown = repr(access) + repr(access.client()) + repr(access.finder())
    assert "a-password" not in shown


# Names


@pytest.fixture
def finder(
    service: requests_mock.Mocker,
) -> Callable[[], "cloud.NameFinder"]:
    return lambda: cloud.open_access("site-a").finder()


NETWORKS = [
    {"id": "n-1", "name": "web"},
    {"id": "n-2", "name": "twin"},
    {"id": "n-3", "name": "twin"},
]


def test_networks_cost_one_request(
    service: requests_mock.Mocker,
    finder: Callable[[], "cloud.NameFinder"],
) -> None:
    listed = service.get(
        "http://neutron.a:9696/v2.0/networks", json={"networks": NETWORKS}
    )
    names = finder()
    assert names.network("web").id == "n-1"
    assert names.network("n-3").name == "twin"
    with pytest.raises(exceptions.NotUnique, match="n-2, n-3"):
        names.network("twin")
    with pytest.raises(exceptions.NotFound, match="^site-a: no network"):
        names.network("other")
    assert listed.call_count == 1


def test_a_paged_list_is_read_to_its_end(
    service: requests_mock.Mocker,
    finder: Callable[[], "cloud.NameFinder"],
) -> None:
    service.get(
        "http://neutron.a:9696/v2.0/networks",
        [
            {
                "json": {
                    "networks": NETWORKS[:2],
                    "networks_links": [
                        {"rel": "next", "href": "http://x/?marker=n-2"}
                    ],
                }
            },
            {"json": {"networks": NETWORKS[2:]}},
        ],
    )
    assert len(finder().networks()) == 3
    assert service.last_request is not None
    assert service.last_request.qs == {"marker": ["n-2"]}


def test_flavors_and_volume_types(
    service: requests_mock.Mocker,
    finder: Callable[[], "cloud.NameFinder"],
) -> None:
    service.get(
        "http://nova.a:8774/v2.1/flavors/detail",
        json={"flavors": [{"id": "f-1", "name": "m1.large"}]},
    )
    service.get(
        f"http://cinder.a:8776/v3/{PROJECT}/types",
        json={"volume_types": [{"id": "t-1", "name": "gold"}]},
    )
    assert finder().flavor("m1.large").id == "f-1"
    assert finder().volume_type("gold").id == "t-1"


def test_a_server_by_a_name_that_is_no_pattern(
    service: requests_mock.Mocker,
    finder: Callable[[], "cloud.NameFinder"],
) -> None:
    service.get("http://nova.a:8774/v2.1/servers/web.1", status_code=404)
    listed = service.get(
        "http://nova.a:8774/v2.1/servers",
        json={"servers": [{"id": "i-1", "name": "web.1"}]},
    )
    assert finder().server("web.1").id == "i-1"
    assert listed.last_request is not None
    assert listed.last_request.qs == {"name": ["^web\\.1$"]}


@pytest.mark.parametrize("path", ["", "/", "/v3"])
def test_projects(service: requests_mock.Mocker, path: str) -> None:
    """An id first, then a name; what Keystone will not tell, is told."""
    access = dataclasses.replace(
        cloud.open_access("site-a"),
        overrides={"identity": f"http://keystone.a:5000{path}"},
    )
    root = "http://keystone.a:5000/v3/projects"
    service.get(f"{root}/p-1", json={"project": {"id": "p-1", "name": "x"}})
    service.get(f"{root}/shop", status_code=403)
    twins = [{"id": f"p-{n}", "name": "twin"} for n in (2, 3)]
    service.get(f"{root}/twin", status_code=404)
    service.get(root, json={"projects": twins})
    service.get(
        f"{root}?name=shop", json={"projects": [{"id": "p-4", "name": "shop"}]}
    )
    finder = access.finder()
    assert finder.project("p-1").id == "p-1"
    assert finder.project("shop").id == "p-4"
    with pytest.raises(exceptions.NotUnique, match="p-2, p-3"):
        finder.project("twin")
    service.get(root, status_code=403)
    with pytest.raises(exceptions.Forbidden):
        finder.project("shop two")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status_code": 503, "text": "<h1>no</h1>"}, exceptions.ServerError),
        ({"status_code": 403, "json": {}}, exceptions.Forbidden),
        ({"text": "cut"}, exceptions.UnreadableAnswer),
        ({"json": {}}, exceptions.UnreadableAnswer),
    ],
)
def test_a_cloud_that_does_not_tell(
    service: requests_mock.Mocker,
    finder: Callable[[], "cloud.NameFinder"],
    answer: dict[str, object],
    kind: type[exceptions.ProtectorError],
) -> None:
    service.get("http://neutron.a:9696/v2.0/networks", **answer)  # type: ignore[arg-type]
    with pytest.raises(kind) as caught:
        finder().network("web")
    assert caught.value.site == "site-a"


@pytest.mark.parametrize(
    ("auth_url", "is_sandbox"),
    [
        ("http://127.0.0.1:8788/identity/v3", True),
        ("https://[::1]:8788/v3", True),
        ("http://localhost:8788/identity/v3", True),
        ("https://keystone.example.com:5000/v3", False),
        ("http://127.0.0.1.example.com/v3", False),
        ("http://10.0.0.1/v3", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_the_instances_of_a_real_cloud_are_asked_themselves(
    auth_url: str | None, is_sandbox: bool
) -> None:
    entry = {
        "auth": {"auth_url": auth_url},
        "protector_sandbox_instances": "/sandbox/site-a.instances",
    }
    found = cloud.sandbox_instances(entry)
    assert found == ("/sandbox/site-a.instances" if is_sandbox else None)
