"""Add and clear the faults of a sandbox."""

from fakeserver.base.seed_world import SITES
from fakeserver.faults.plan import BadRule, Rule
from fakeserver.sandbox.folder import Folder
from fakeserver.sandbox.policy import apply
from fakeserver.sandbox.problem import Problem


def add_fault(folder: Folder, kind: str, **options: object) -> Rule:
    try:
        rule = folder.faults().add(kind, **options)  # type: ignore[arg-type]
    except BadRule as error:
        sentence = str(error)
        raise Problem(f"{sentence[0].upper()}{sentence[1:]}.", 2) from None
    _apply_policies(folder)
    return rule


def clear_faults(folder: Folder, rule_id: str | None = None) -> int:
    """Clear one fault, or all; return how many."""
    gone = folder.faults().clear(rule_id)
    _apply_policies(folder)
    if rule_id is not None and not gone:
        raise Problem(f"There is no fault {rule_id}; see fault list.")
    return len(gone)


def _apply_policies(folder: Folder) -> None:
    """Write the Cinder policy files that the faults ask for."""
    folder.write_tokens()
    settings = folder.settings()
    rules = folder.faults().rules()
    for name in SITES:
        apply(folder.config(settings, name), rules)
