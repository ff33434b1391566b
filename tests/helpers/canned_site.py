"""A site made of canned answers: what is sent is looked at exactly."""

import dataclasses
from typing import Any

import requests_mock
from keystoneauth1 import fixture
from keystoneauth1.identity import v3

from protectorclient.v1 import Client

AUTH = "http://keystone.a:5000/v3"
ROOT = "http://protector.a:8788"
PROJECT = "b7e4a7d5c1f64f0f8a3c6f1c2d9e0a11"
TOKEN = "a-token-that-nobody-may-see"
MARK = {"OpenStack-API-Version": "protector 1.2"}
REQUEST_ID = "req-9f4a6bb2-7a0d-4e9a-9a4e-0b6d5a0f5f01"


def version_document(
    maximum: str = "1.2", minimum: str = "1.0"
) -> dict[str, Any]:
    return {
        "version": {
            "id": "v1.0",
            "status": "CURRENT",
            "min_version": minimum,
            "version": maximum,
            "max_version": maximum,
            "links": [{"rel": "self", "href": f"{ROOT}/v1/"}],
        }
    }


def token(url: str = ROOT, project_id: str = PROJECT) -> fixture.V3Token:
    made = fixture.V3Token(project_id=project_id)
    made.add_service("protector").add_standard_endpoints(
        public=url, region="RegionOne"
    )
    for service, at in (
        ("network", "http://neutron.a:9696"),
        ("compute", "http://nova.a:8774/v2.1"),
        ("block-storage", f"http://cinder.a:8776/v3/{project_id}"),
    ):
        made.add_service(service).add_standard_endpoints(
            public=at, region="RegionOne"
        )
    return made


@dataclasses.dataclass
class Site:
    """One site's Keystone and protector, and the client of it."""

    mock: requests_mock.Mocker
    client: Client
    naps: list[float]

    def answer(
        self, method: str, path: str, *answers: Any, **kwargs: Any
    ) -> Any:
        """Serve a path below the root; several answers come in turn.

        What is JSON has the service's mark, as everything that it says.
        A text is what something before it says.
        """
        if answers:
            return self.mock.register_uri(
                method,
                ROOT + path,
                [_marked(one) for one in answers],
                **kwargs,
            )
        return self.mock.register_uri(method, ROOT + path, **_marked(kwargs))

    @property
    def asked(self) -> list[str]:
        """What was asked of the protector, versions apart."""
        return [
            f"{request.method} {request.url.removeprefix(ROOT)}"
            for request in self.mock.request_history
            if request.url.startswith(ROOT)
            and request.path not in ("/", "/v1/")
        ]

    @property
    def last(self) -> Any:
        return self.mock.request_history[-1]


def _marked(answer: Any) -> dict[str, Any]:
    if "json" not in answer:
        return dict(answer)
    return {**answer, "headers": {**MARK, **answer.get("headers", {})}}


def password() -> v3.Password:
    return v3.Password(
        auth_url=AUTH,
        username="demo",
        password="a-password-that-nobody-may-see",
        project_name="demo",
        user_domain_name="Default",
        project_domain_name="Default",
    )
