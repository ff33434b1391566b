"""The certificates that an entry of clouds.yaml names, before a request."""

import pathlib

import pytest
import trustme
import yaml
from cryptography.hazmat.primitives import serialization

import protectorclient
from protectorclient import exceptions
from protectorclient.exit_codes import code_for

AUTH = {
    "auth_url": "https://127.0.0.1:9/identity/v3",
    "username": "demo",
    "password": "never-shown",
    "project_name": "demo",
    "user_domain_name": "Default",
    "project_domain_name": "Default",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("client@example.org")
    key = serialization.load_pem_private_key(
        issued.private_key_pem.bytes(), None
    )
    content = {
        "ca": authority.cert_pem.bytes(),
        "cert": issued.cert_chain_pems[0].bytes(),
        "key": issued.private_key_pem.bytes(),
        "other": authority.issue_cert("x@y.org").private_key_pem.bytes(),
        "locked": key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"never-shown"),
        ),
        "junk": b"junk\n",
    }
    for name, text in content.items():
        (folder / name).write_bytes(text)
    (folder / "folder").mkdir()
    return {name: str(folder / name) for name in (*content, "folder")}


WRONG = {
    "a CA that is a folder": (
        {"cacert": "folder"},
        "'cacert' is '{folder}': it is a folder without hashed certificates;"
        " give a file, or run: openssl rehash FOLDER",
    ),
    "a CA that is none": (
        {"cacert": "junk"},
        "'cacert' is '{junk}': it has no certificate in PEM form",
    ),
    "a key alone": (
        {"key": "key"},
        "'key' is '{key}', and no 'cert' is named, whose key it could be",
    ),
    "a certificate alone": (
        {"cert": "cert"},
        "'cert' cannot be used: {cert} has no private key in PEM form",
    ),
    "a certificate that is none": (
        {"cert": "junk", "key": "key"},
        "'cert' cannot be used: {junk} has no certificate in PEM form",
    ),
    "another's key": (
        {"cert": "cert", "key": "other"},
        "'cert' cannot be used: the key in {other} does not belong to {cert}",
    ),
    "a key with a passphrase": (
        {"cert": "cert", "key": "locked"},
        "'cert' cannot be used: {locked} is protected by a passphrase, which"
        " nobody can type here; write the key without it: openssl pkey -in"
        " {locked} -out FILE",
    ),
}


@pytest.mark.parametrize("wrong_site", ["site-a", "site-b"])
@pytest.mark.parametrize("why", WRONG)
def test_a_sentence_for_each_site(
    why: str,
    wrong_site: str,
    files: dict[str, str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, said = WRONG[why]
    clouds = {
        name: {"auth": dict(AUTH), "region_name": "RegionOne"}
        for name in ("site-a", "site-b")
    }
    clouds[wrong_site].update({k: files[v] for k, v in given.items()})
    path = tmp_path / "clouds.yaml"
    path.write_text(yaml.safe_dump({"clouds": clouds}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    with pytest.raises(exceptions.ConfigProblem) as caught:
        protectorclient.SitePair.open("site-a", "site-b")
    sentence = said.format(**files)
    assert str(caught.value) == f"{path}: cloud '{wrong_site}': {sentence}"
    assert code_for(caught.value) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"cacert": "ca"},
        {"cert": "cert", "key": "key"},
        {"cacert": "junk", "verify": False},
        {"cacert": "junk", "insecure": True},
    ],
    ids=str,
)
def test_what_can_be_used(
    given: dict[str, object],
    files: dict[str, str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = {
        "auth": AUTH,
        **{k: files.get(str(v), v) for k, v in given.items()},
    }
    path = tmp_path / "clouds.yaml"
    path.write_text(yaml.safe_dump({"clouds": {"site-a": entry}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    assert protectorclient.connect("site-a").site_name == "site-a"
