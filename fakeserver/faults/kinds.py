"""What can be made to go wrong, as a table."""

import dataclasses

#: where in a request, or in a step, a fault strikes
STAGES = ("before", "inside", "after", "undo")


@dataclasses.dataclass(frozen=True)
class Kind:
    """One way of going wrong, with what a rule of it says by default."""

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
        "the connection is closed without an answer; --stage after lets "
        "the request be done first",
        stage="before",
    ),
    Kind(
        "timeout",
        "transport",
        "no answer for --seconds, then the connection is closed",
        stage="before",
        seconds=60.0,
    ),
    Kind(
        "truncate",
        "transport",
        "the answer breaks off in the middle of its body",
        stage="after",
    ),
    Kind(
        "slow",
        "transport",
        "the answer comes --seconds late",
        stage="before",
        seconds=2.0,
    ),
    Kind(
        "503",
        "transport",
        "the request is answered 503, in HTML, as a proxy does",
        stage="before",
    ),
    Kind(
        "partition",
        "link",
        "the sites cannot reach each other; with --site, only that site "
        "cannot reach the other",
    ),
    Kind(
        "step",
        "point",
        "a step of an operation fails with --message; --match names it",
        message="the step was told to fail",
    ),
    Kind(
        "crash",
        "point",
        "the site dies at once, as with SIGKILL, at --stage of the step "
        "that --match names",
        stage="before",
    ),
    Kind(
        "cinder-403",
        "policy",
        "Cinder lets only an admin manage and unmanage volumes",
    ),
    Kind(
        "array-token",
        "token",
        "the array of --site, or both, takes another API token, which "
        "protector-sandbox env shows; policy set with that one cures it",
    ),
    Kind(
        "no-snapshot",
        "point",
        "the array has no complete recovery point yet",
        stage="array",
        match="latest",
        message="FlashArray: no replicated snapshot is available yet",
    ),
    Kind(
        "slow-replication",
        "delay",
        "a recovery point arrives --seconds late at the other array",
        stage="array",
        match="transfer",
        seconds=600.0,
    ),
    Kind(
        "disk-full",
        "database",
        "the site's database cannot be written",
        message="database or disk is full",
    ),
    Kind(
        "database-locked",
        "database",
        "the site's database is locked by somebody else",
        message="database is locked",
    ),
)
#: families that are a state of things, and no blow: nothing is thrown for
#: them, and nothing is used up
LASTING = ("delay", "policy", "token")
KINDS = {kind.name: kind for kind in _ALL}
