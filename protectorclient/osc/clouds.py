"""Find the two clouds of the pair from the shell's options.

Works on what both shells have: ``app.options`` and ``app.cloud_config``.
The other site's entry is read without the command line, because what was
given there (``--os-project-id``, say) is true of one site only.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.durations import SITE_GRACE
from protectorclient.osc import plugin, private_parts

if TYPE_CHECKING:
    from protectorclient.pair.reads.groups import Reads
    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.protection_group import ProtectionGroup
    from protectorclient.reports.pair_reports import SitePair

LOG = logging.getLogger(__name__)


class Sites:
    """The clouds of one command, each opened when it is needed first.

    :param app: the shell.
    :param warn: takes a sentence where the audit log cannot be written.
    """

    #: The site that knows an operation, by the operation's id.
    operations: Mapping[str, str] = {}

    def __init__(self, app: Any, warn: Callable[[str], object]) -> None:
        self._app = app
        self._warn = warn
        self._reads: Reads | None = None
        self._only: SiteHandle | None = None
        #: The sites that a read could ask, and why there is one only; None
        #: where none has asked yet.
        self.reached: tuple[tuple[SiteHandle, ...], str | None] | None = None

    @functools.cached_property
    def primary(self) -> SiteHandle:
        """Return the configured cloud."""
        handle = open_primary(self._app)
        if getattr(self._app.options, "timing", False):
            # where OpenStackClient takes the times of --timing from
            self._app.client_manager.session = handle.access.session
        return handle

    @functools.cached_property
    def pair(self) -> SitePair:
        """Both sites; neither is asked for anything yet."""
        return open_pair(self._app, self.primary, self._warn)

    @property
    def has_primary(self) -> bool:
        """Return whether the configured cloud was opened."""
        return "primary" in self.__dict__

    @property
    def has_pair(self) -> bool:
        """Return whether both clouds were opened."""
        return "pair" in self.__dict__

    @property
    def choice(self) -> str | None:
        """Return why the other cloud is taken for the other site, where
        nobody has named it."""
        return self.pair.choice

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return all of clouds.yaml."""
        return dict(self._app.cloud_config.cloud_config or {})

    def opened(self) -> tuple[SiteHandle, ...]:
        """Return the clouds that were opened one by one, ours first.

        Where both were opened as a pair, the other one is not among them.
        """
        if self._only is None and not self.has_primary:
            return ()
        only = () if self._only is None else (self._only,)
        return tuple(dict.fromkeys((self.primary, *only)))

    def readable(self) -> tuple[tuple[SiteHandle, ...], str | None]:
        """Return the sites that a read can ask, without asking them.

        :returns: both; or the configured cloud, and why the other one
            cannot be asked.
        :raises SameSite: both clouds lead to one site.
        """
        primary = self.primary
        try:
            return self.pair.handles, None
        except exceptions.SameSite:
            raise
        except exceptions.ConfigProblem as problem:
            LOG.debug("the other site cannot be asked", exc_info=problem)
            return (primary,), problem.message

    def reads(self, parsed_args: argparse.Namespace) -> Reads:
        """Return the sites that a read asks: both, or that of ``--site``.

        A site that was late once is not asked again.
        """
        if self._reads is None:
            self._reads = self.fresh_reads(parsed_args)
        return self._reads

    def fresh_reads(self, parsed_args: argparse.Namespace) -> Reads:
        """Return the same; a site that was late is asked again."""
        from protectorclient.pair.reads.groups import Reads

        named = getattr(parsed_args, "formatter", None) == "table"
        grace = getattr(parsed_args, "site_grace", SITE_GRACE)
        only = getattr(parsed_args, "only_site", None)
        if only is not None:
            self._only = self._open_only(only)
            return Reads([self._only], grace=grace, named=named)
        self.reached = handles, alone = self.readable()
        return Reads(handles, grace=grace, named=named, alone=alone)

    def _open_only(self, name: str) -> SiteHandle:
        """Open the one site of ``--site``; the other one is never asked."""
        handle = open_only(self._app, self.primary, name)
        if handle is not None:
            return handle
        try:
            return self.pair.handle(name)
        except exceptions.NotFound as error:
            raise exceptions.UsageProblem(
                f"--site: {error.message}"
            ) from error

    def locate(self, name: str) -> tuple[SiteHandle, ProtectionGroup]:
        """Find a group and its current primary, where changes are made."""
        located = self.pair.locate(name)
        error = located.errors.get(located.current.name)
        if error is not None:
            raise error
        return located.current, located.group

    def close(self) -> None:
        """Close the connections that were opened."""
        handles: list[SiteHandle] = []
        if self.has_pair:
            handles += self.pair.handles
        elif self.has_primary:
            handles.append(self.primary)
        if self._only is not None:
            handles.append(self._only)
        for handle in handles:
            handle.access.session.session.close()


@contextlib.contextmanager
def quiet_keystoneauth(given: argparse.Namespace) -> Iterator[None]:
    """Hide keystoneauth's warning of a dead Keystone, but for ``-v``.

    The command's own message names the site.

    :param given: the global options.
    """
    logger = logging.getLogger("keystoneauth.identity")
    level = logger.level
    if given.verbose_level <= 1 and not given.debug:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def open_primary(app: Any) -> SiteHandle:
    """Open the configured cloud, without a request to it."""
    return _open(app, app.options.cloud or None, argparse=app.options)


def open_named(app: Any, name: str) -> SiteHandle:
    """Open the cloud of an entry of clouds.yaml, without a request to it."""
    return _open(app, name)


def open_pair(
    app: Any, primary: SiteHandle, warn: Callable[[str], object]
) -> SitePair:
    """Open the configured cloud and the other site's.

    Neither is asked for anything, but the first where it alone can say
    which is the other one.

    :param warn: takes a sentence where the audit log cannot be written.
    :raises ConfigProblem: nothing says which is the other one.
    :raises SameSite: both are configured as one site.
    """
    from protectorclient.pair import same_site, second_cloud
    from protectorclient.pair.audit_log import AuditLog
    from protectorclient.reports.pair_reports import SitePair

    choice = second_cloud.choose(
        app.options.secondary_cloud, primary, app.cloud_config
    )
    secondary = open_named(app, choice.name)
    same_site.refuse_one(primary, secondary)
    return SitePair(
        primary,
        secondary,
        choice=choice.why,
        audit_log=AuditLog(warn=warn),
    )


def open_only(app: Any, primary: SiteHandle, name: str) -> SiteHandle | None:
    """Open one of the two clouds by its entry's name, without a request.

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
    return open_named(app, name) if name in known else None


def _open(app: Any, name: str | None, **given: Any) -> SiteHandle:
    from protectorclient.config import cloud, explain
    from protectorclient.pair import site

    version = api_version(app)
    with explain.explained(name):
        explain.check_given(app.cloud_config, name)
        with private_parts.noting_prompts(app.cloud_config) as prompts:
            region = app.cloud_config.get_one(name, **given)
        explain.check_region(region, name)
        access = cloud.access_from_region(region)
    below: Any = access.session.session
    below.has_typed_login = bool(prompts)
    if given:
        # only here do variables stand for what the entry says
        below.login_note = lambda: explain.overriding(region, name)
    return site.SiteHandle(
        access.name,
        access,
        api_version=version,
        nameless=access.nameless,
    )


def api_version(app: Any) -> str:
    """Return the API version asked for, checked: argparse trusts its
    defaults."""
    wanted: str | None = app.options.protector_microversion
    if wanted and wanted not in plugin.MICROVERSIONS:
        raise exceptions.UsageProblem(
            f"'{wanted}' is not a protector API version; there are "
            f"{', '.join(plugin.MICROVERSIONS)}"
        )
    return wanted or "auto"
