"""Cinder's policy file: as a fault writes it, and as it was before."""

from collections.abc import Sequence

from fakeserver.base.config import SiteConfig
from fakeserver.faults.plan import Rule

KIND = "cinder-403"
_STRICT = "# a fault of the sandbox: the rules for members are gone\n"


def apply(config: SiteConfig, rules: Sequence[Rule]) -> None:
    """Write the file that the rules ask for; keep one that a person has
    changed since."""
    from fakeserver.cloud.volume.policy import write_default

    path = config.cinder_policy
    broken = path.exists() and path.read_text() == _STRICT
    wanted = any(
        rule.kind == KIND and rule.site in (None, config.site)
        for rule in rules
    )
    if wanted and not broken:
        path.write_text(_STRICT)
    elif broken and not wanted:
        write_default(path)
