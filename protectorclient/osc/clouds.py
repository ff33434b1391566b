"""From the shell's options to the two clouds of the pair.

Works on what both shells have: ``app.options`` and ``app.cloud_config``.
The other site's entry is read without the command line, because what was
given there (``--os-project-id``, say) is true of one site only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.osc import plugin

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_pair import SitePair


def open_primary(app: Any) -> SiteHandle:
    """The configured cloud; it is not asked for anything yet."""
    return _open(app, app.options.cloud or None, argparse=app.options)


def open_pair(
    app: Any, primary: SiteHandle, warn: Callable[[str], object]
) -> SitePair:
    """The configured cloud with the other site's.

    Neither is asked for anything, but the first where it alone can say
    which is the other one.

    :param warn: takes a sentence where the audit log cannot be written.
    :raises ConfigProblem: nothing says which is the other one.
    :raises SameSite: both are configured as one site.
    """
    from protectorclient.pair import same_site, second_cloud
    from protectorclient.pair.audit_log import AuditLog
    from protectorclient.pair.site_pair import SitePair

    choice = second_cloud.choose(
        app.options.secondary_cloud, primary, app.cloud_config
    )
    secondary = _open(app, choice.name)
    same_site.refuse_one(primary, secondary)
    return SitePair(
        primary,
        secondary,
        choice=choice.why,
        audit_log=AuditLog(warn=warn),
    )


def open_only(app: Any, primary: SiteHandle, name: str) -> SiteHandle | None:
    """One of the two clouds by its entry's name; none is asked for it.

    :returns: the cloud; None where the name is not one of theirs.
    :raises ConfigProblem: the entry cannot be used.
    """
    from protectorclient.pair import second_cloud

    if name == primary.name:
        return primary
    config = app.cloud_config
    told = second_cloud.without_asking(
        app.options.secondary_cloud, primary, config
    )
    known = second_cloud.names(config) if told is None else [told.name]
    return _open(app, name) if name in known else None


def _open(app: Any, name: str | None, **options: Any) -> SiteHandle:
    from protectorclient import config
    from protectorclient.config import cloud
    from protectorclient.pair import site

    version = api_version(app)
    with config.explained(name):
        config.check_given(app.cloud_config, name)
        region = app.cloud_config.get_one(name, **options)
        config.check_region(region, name)
        access = cloud.access_from_region(region)
    if options:
        # only here do variables stand for what the entry says
        below: Any = access.session.session
        below.login_note = lambda: config.overriding(region, name)
    return site.SiteHandle(
        access.name,
        access,
        api_version=version,
        nameless=access.nameless,
    )


def api_version(app: Any) -> str:
    """The API version asked for, checked: argparse trusts its defaults."""
    wanted: str | None = app.options.protector_microversion
    if wanted and wanted not in plugin.MICROVERSIONS:
        raise exceptions.UsageProblem(
            f"'{wanted}' is not a protector API version; there are "
            f"{', '.join(plugin.MICROVERSIONS)}"
        )
    return wanted or "auto"
