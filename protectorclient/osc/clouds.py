"""From the shell's options to the two clouds of the pair.

Works on what both shells have: ``app.options`` and ``app.cloud_config``.
The other site's entry is read without the command line, because what was
given there (``--os-project-id``, say) is true of one site only.
"""

from __future__ import annotations

import dataclasses
import urllib.parse
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.osc import plugin

if TYPE_CHECKING:
    from openstack.config import cloud_region

    from protectorclient.pair import SitePair
    from protectorclient.sitehandle import SiteHandle

#: What openstack.config calls a cloud that has no entry in clouds.yaml.
NAMELESS = ("", "envvars", "defaults")


def open_primary(app: Any) -> SiteHandle:
    """The configured cloud; it is not asked for anything yet."""
    return _open(app, app.options.cloud or None, argparse=app.options)


def open_pair(app: Any, primary: SiteHandle) -> SitePair:
    """The configured cloud with the other site's; neither is asked yet.

    :raises ConfigProblem: nothing says which is the other one.
    """
    from protectorclient import cloud, pair

    access = primary.access
    named = app.options.secondary_cloud or access.secondary
    if not named:
        raise exceptions.ConfigProblem(
            "the other site's cloud is not known: give --secondary-cloud, "
            f"set {cloud.SECONDARY_VARIABLE}, or {cloud.SECONDARY_KEY} in "
            "the cloud's entry in clouds.yaml"
        )
    name = cloud.secondary_name(named, access)
    return pair.SitePair(primary, _open(app, name))


def _open(app: Any, name: str | None, **options: Any) -> SiteHandle:
    from protectorclient import cloud, config, sitehandle

    version = api_version(app)
    with config.explained(name):
        region = app.cloud_config.get_one(name, **options)
        config.check_region(region, name)
        access = cloud.access_from_region(region)
    if access.name in NAMELESS:
        access = dataclasses.replace(access, name=_host(region))
    return sitehandle.SiteHandle(access.name, access, api_version=version)


def _host(region: cloud_region.CloudRegion) -> str:
    """A name for a cloud that has none: the host of its Keystone."""
    url = str(region.config.get("auth", {}).get("auth_url") or "")
    return urllib.parse.urlsplit(url).hostname or "the configured cloud"


def api_version(app: Any) -> str:
    """The API version asked for, checked: argparse trusts its defaults."""
    wanted: str | None = app.options.protector_microversion
    if wanted and wanted not in plugin.MICROVERSIONS:
        raise exceptions.UsageProblem(
            f"'{wanted}' is not a protector API version; there are "
            f"{', '.join(plugin.MICROVERSIONS)}"
        )
    return wanted or "auto"
