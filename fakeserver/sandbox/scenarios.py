"""The worlds that a sandbox can be brought up with."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One world, in a line of help."""

    help: str
    #: whether it takes ``--groups``
    counted: bool = False


SCENARIOS = {
    "default": Scenario("two protected groups at site-a, and a bare one"),
    "empty": Scenario("clouds and tenants; nothing is registered"),
    "fleet": Scenario("as many small groups as --groups says", counted=True),
}
FLEET = 20
