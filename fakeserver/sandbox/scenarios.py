"""The scenarios that a sandbox can be brought up with."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One scenario, in a line of help."""

    help: str
    #: whether it takes ``--groups``
    counted: bool = False
    #: how long ago its first operation began, seconds; 0 where it has none
    age: float = 0.0
    #: sites that do not run when the sandbox comes up
    down: tuple[str, ...] = ()

    @property
    def has_history(self) -> bool:
        """Return whether the scenario runs operations after the seed."""
        return self.age > 0


SCENARIOS = {
    "default": Scenario(
        "Two protected groups at site-a, and one without a policy."
    ),
    "empty": Scenario("Clouds and tenants; the services know of nothing yet."),
    "fleet": Scenario("As many small groups as --groups says.", counted=True),
    "peer-unreachable": Scenario(
        "site-b does not run, so nothing can be changed at site-a.",
        down=("site-b",),
    ),
    "cinder-403": Scenario(
        "Cinder of site-b lets no member manage volumes.", age=600.0
    ),
    "no-snapshot": Scenario(
        "Nothing has been replicated to site-b yet.", age=600.0
    ),
    "stuck-running": Scenario(
        "The engine of site-a died in the middle of a failover.",
        age=1500.0,
    ),
    "not-failed-over": Scenario(
        "A failover was rolled back, and nobody has noticed.", age=3600.0
    ),
    "out-of-sync": Scenario(
        "site-a is up again after an unplanned failover to site-b.", age=5400.0
    ),
    "orphans": Scenario(
        "The clean-up of a drill failed before its end.", age=3600.0
    ),
}
FLEET = 20
