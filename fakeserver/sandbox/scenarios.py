"""The worlds that a sandbox can be brought up with."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One world, in a line of help."""

    help: str
    #: whether it takes ``--groups``
    counted: bool = False
    #: how long ago its story has begun, seconds; 0 where it has none
    age: float = 0.0
    #: sites that do not run when the sandbox comes up
    down: tuple[str, ...] = ()

    @property
    def has_a_story(self) -> bool:
        """Whether something has happened since the world was seeded."""
        return self.age > 0


SCENARIOS = {
    "default": Scenario("two protected groups at site-a, and a bare one"),
    "empty": Scenario("clouds and tenants; nothing is registered"),
    "fleet": Scenario("as many small groups as --groups says", counted=True),
    "peer-unreachable": Scenario(
        "site-b does not run, so nothing can be changed at site-a",
        down=("site-b",),
    ),
    "cinder-403": Scenario(
        "Cinder of site-b lets no member manage volumes", age=600.0
    ),
    "no-snapshot": Scenario(
        "nothing has ever been replicated to site-b", age=600.0
    ),
    "stuck-running": Scenario(
        "the engine of site-a has died in the middle of a failover",
        age=1500.0,
    ),
    "not-failed-over": Scenario(
        "a failover was rolled back, and nobody has looked", age=3600.0
    ),
    "out-of-sync": Scenario(
        "site-a is back after an unplanned failover to site-b", age=5400.0
    ),
    "orphans": Scenario(
        "the clean-up of a drill has failed half-way", age=3600.0
    ),
}
FLEET = 20
