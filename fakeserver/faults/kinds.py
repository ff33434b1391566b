"""The kinds of faults, as a table."""

import dataclasses

#: the file of the sandbox that holds the rules
FILE = "faults.json"
#: where in a request, or in a step, a fault applies
STAGES = ("before", "inside", "after", "undo")


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of fault, with the defaults of its rules."""

    name: str
    #: who asks for it: transport, point, link, delay, database, policy,
    #: token
    family: str
    help: str
    stage: str = "inside"
    match: str = "*"
    message: str = ""
    seconds: float = 0.0


_ALL = (
    Kind(
        "reset",
        "transport",
        "The connection is closed without an answer; with --stage after, "
        "the request is done first.",
        stage="before",
    ),
    Kind(
        "timeout",
        "transport",
        "No answer comes for --seconds; then the connection is closed.",
        stage="before",
        seconds=60.0,
    ),
    Kind(
        "truncate",
        "transport",
        "The answer breaks off in the middle of its body.",
        stage="after",
    ),
    Kind(
        "slow",
        "transport",
        "The answer comes --seconds late.",
        stage="before",
        seconds=2.0,
    ),
    Kind(
        "503",
        "transport",
        "The request is answered with 503, in HTML, as a proxy does it.",
        stage="before",
    ),
    Kind(
        "partition",
        "link",
        "The sites cannot reach each other; with --site, only that site "
        "cannot reach the other.",
    ),
    Kind(
        "step",
        "point",
        "A step of an operation fails with --message; --match names the step.",
        message="the injected fault makes the step fail",
    ),
    Kind(
        "crash",
        "point",
        "The site dies at once, as with SIGKILL, at --stage of the step "
        "that --match names.",
        stage="before",
    ),
    Kind(
        "cinder-403",
        "policy",
        "Cinder lets only an admin manage and unmanage volumes.",
    ),
    Kind(
        "array-token",
        "token",
        "The array of --site, or both arrays, accept another API token. "
        "protector-sandbox env prints it; policy set with that token ends "
        "the failure.",
    ),
    Kind(
        "no-snapshot",
        "point",
        "The array has no complete recovery point yet.",
        stage="array",
        match="latest",
        message="FlashArray: no replicated snapshot is available yet",
    ),
    Kind(
        "slow-replication",
        "delay",
        "A recovery point arrives --seconds late at the other array.",
        stage="array",
        match="transfer",
        seconds=600.0,
    ),
    Kind(
        "slow-groups",
        "delay",
        "Cinder changes its volume groups --seconds after it has accepted "
        "the change.",
        stage="cinder",
        match="groups",
        seconds=5.0,
    ),
    Kind(
        "disk-full",
        "database",
        "The site's database cannot be written.",
        message="database or disk is full",
    ),
    Kind(
        "database-locked",
        "database",
        "Another process locks the site's database.",
        message="database is locked",
    ),
)
#: families that change a state until they are cleared: nothing is raised for
#: them, and nothing is used up
LASTING = ("delay", "policy", "token")
KINDS = {kind.name: kind for kind in _ALL}
