"""The account at a cloud, and the ways in which a cloud gives no answer."""

import dataclasses
from typing import Any

Record = dict[str, Any]

#: seconds until a connection stands, and between two pieces of an answer
TIMEOUTS = (5.0, 30.0)


class CloudUnreachable(Exception):
    """The cloud of a site gave no answer, or one that cannot be used."""

    def __init__(self, site: str, why: str = "it does not answer") -> None:
        super().__init__(f"The cloud of {site} is unreachable: {why}")
        self.site = site


class CloudRefused(Exception):
    """The cloud of a site refused the request."""

    def __init__(self, site: str, status: int, message: str) -> None:
        super().__init__(f"HTTP {status} from {site}: {message}")
        self.site = site
        self.status = status
        self.message = message


class LoginRefused(CloudRefused):
    """The Keystone of a site refused the service account."""


@dataclasses.dataclass(frozen=True)
class Account:
    """The service account that a site was registered with."""

    #: the site's name, for messages
    site: str
    auth_url: str
    region_name: str
    username: str
    password: str = dataclasses.field(repr=False)
    user_domain_name: str = "Default"
    #: with which the site's catalog is read
    interface: str = "public"
