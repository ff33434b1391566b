"""Two sites behind TLS: what is trusted, and who says so, in both shells."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
import requests
import trustme
import yaml

from fakeserver.http import certificate
from fakeserver.local.pair import LocalPair
from fakeserver.sandbox.folder import Folder, Settings
from tests.helpers import clirunner

LIST = "protection-group list"
FAILOVER = (
    "protection-group failover prod-web-app --type unplanned --yes"
    " --network-mapping net-primary-web=net-secondary-web"
)
each_shell = pytest.mark.parametrize("shell", clirunner.SHELLS)


@pytest.fixture(scope="module")
def pair() -> Iterator[LocalPair]:
    with LocalPair(sockets=True, tls=True) as found:
        yield found


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("other") / "other-ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def clouds(
    pair: LocalPair, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> pathlib.Path:
    path = tmp_path / "clouds.yaml"
    path.write_text(pair.clouds_yaml.read_text())
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    monkeypatch.setenv("OS_CLOUD", "site-a")
    return path


def changed(path: pathlib.Path, site: str, **keys: object) -> None:
    content = yaml.safe_load(path.read_text())
    content["clouds"][site].update(keys)
    path.write_text(yaml.safe_dump(content))


def untrusted(pair: LocalPair, name: str, ca: str) -> str:
    return (
        f"{name}: the certificate of {pair.site(name).url} is not trusted:"
        f" no authority in {ca} (cacert) has signed it"
    )


@pytest.mark.parametrize("name", ["site-a", "site-b"])
def test_no_plain_port(pair: LocalPair, name: str) -> None:
    plain = pair.site(name).url.replace("https:", "http:")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{plain}/", timeout=5)


@each_shell
def test_an_option_is_for_the_configured_site(
    shell: str, pair: LocalPair, other_ca: str, clouds: pathlib.Path
) -> None:
    run = clirunner.SHELLS[shell]
    assert run(LIST).code == 0
    wrong = run(f"--os-cacert {other_ca} {LIST} --site site-a")
    assert wrong.code == 6
    assert wrong.err.splitlines()[0] == untrusted(pair, "site-a", other_ca)
    insecure = run(f"--insecure --os-cacert {other_ca} {LIST} --site site-a")
    assert insecure.code == 0, insecure.err


@each_shell
@pytest.mark.parametrize("option", ["cacert", "cert"])
def test_a_wrong_option_is_named_as_such(
    shell: str, option: str, clouds: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    ran = clirunner.SHELLS[shell](f"--os-{option} {junk} {LIST}")
    assert ran.code == 1
    assert ran.err.startswith(f"--os-{option} ")
    assert "has no certificate in PEM form" in ran.err


@pytest.mark.parametrize("name", ["site-a", "site-b"])
def test_each_site_has_its_own_file(
    pair: LocalPair, other_ca: str, clouds: pathlib.Path, name: str
) -> None:
    changed(clouds, name, cacert=other_ca)
    run = clirunner.SHELLS["protector"]
    alone = run(f"{LIST} --site {name}")
    assert alone.code == 6
    assert alone.err.splitlines()[0] == untrusted(pair, name, other_ca)
    both = run(LIST)
    assert both.code == 0
    assert untrusted(pair, name, other_ca) in both.err
    status = run("status")
    assert f"{name} is not reached: the certificate of" in status.err
    assert "dead" not in status.out + status.err


def plain(url: str) -> str:
    return url.replace("https:", "http:")


@pytest.mark.parametrize("who", ["auth", "protector_endpoint_override"])
def test_a_plain_url_of_a_site_behind_tls(
    who: str, pair: LocalPair, clouds: pathlib.Path
) -> None:
    url = pair.site("site-a").url
    keys: dict[str, object] = {who: plain(url)}
    if who == "auth":
        known = yaml.safe_load(clouds.read_text())["clouds"]["site-a"]["auth"]
        keys = {who: {**known, "auth_url": plain(known["auth_url"])}}
    changed(clouds, "site-a", **keys)
    run = clirunner.SHELLS["protector"]
    alone = run(f"{LIST} --site site-a")
    said = f"{plain(url)} speaks TLS; change its URL to {url}"
    assert alone.code == 6
    assert alone.err.splitlines()[0] == f"site-a: {said}"
    status = run("status")
    assert f"site-a is not reached: {said}" in status.err
    assert "dead" not in status.out + status.err


def test_no_failover_by_a_plain_url(
    pair: LocalPair, other_ca: str, clouds: pathlib.Path
) -> None:
    """TLS that cuts a plain request is no Keystone that died."""
    auth = yaml.safe_load(clouds.read_text())["clouds"]["site-a"]["auth"]
    auth["auth_url"] = plain(auth["auth_url"])
    changed(clouds, "site-a", auth=auth, cacert=other_ca)
    fault = pair.fault("partition")
    try:
        refused = clirunner.SHELLS["protector"](FAILOVER)
    finally:
        pair.clear_faults(fault)
    assert refused.code == 5
    assert "The questions do not reach site-a: http://" in refused.err
    assert "speaks TLS; change its URL to https://" in refused.err


def test_no_failover_by_a_wrong_authority(
    pair: LocalPair, other_ca: str, clouds: pathlib.Path
) -> None:
    """The other site does not hear from it either."""
    changed(clouds, "site-a", cacert=other_ca)
    fault = pair.fault("partition")
    try:
        refused = clirunner.SHELLS["protector"](FAILOVER)
    finally:
        pair.clear_faults(fault)
    assert refused.code == 5
    assert "site-a may be alive. Unplanned failover refused" in refused.err
    assert f"no authority in {other_ca} (cacert) has signed it" in refused.err
    listed = clirunner.SHELLS["protector"]("operation list --site site-b")
    assert listed.out == ""


@pytest.mark.parametrize("tls", [True, False])
def test_the_authority_of_a_real_keystone(
    tls: bool, other_ca: str, tmp_path: pathlib.Path
) -> None:
    folder = Folder(tmp_path / "sandbox")
    folder.prepare()
    settings = Settings(
        tls=tls,
        identity="https://keystone.example.org:5000/v3",
        identity_cacert=other_ca,
    )
    folder.write(settings)
    trusted = folder.path / certificate.TRUSTED
    text = trusted.read_text()
    assert pathlib.Path(other_ca).read_text().strip() in text
    own = folder.path / certificate.CA
    assert own.exists() is tls
    assert text.count("BEGIN CERTIFICATE") == 1 + tls
    assert folder.config(settings, "site-a").ca_file == trusted
    clouds = yaml.safe_load(folder.clouds_yaml.read_text())["clouds"]
    assert {one["cacert"] for one in clouds.values()} == {str(trusted)}
