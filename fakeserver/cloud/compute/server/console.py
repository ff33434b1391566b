"""Nova's console output: what an answer of the sandbox sets."""

from typing import Any

from fakeserver.cloud.compute.server.find import find
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared.web import CloudError
from fakeserver.faults.answers import AnswerFile
from fakeserver.site import Site

ACTION = "os-getConsoleOutput"


def output(
    site: Site, caller: Token, server: str, value: Any
) -> dict[str, str]:
    """Return the output of a server, or its last lines.

    Nothing runs in it: the text is that of the sandbox's answers. The
    hypervisor keeps that of a server that is stopped, and has none of one
    that is on no host.
    """
    row = find(site.db.connection(), caller, server)
    if row.get("fault") or row["status"] == "SHELVED_OFFLOADED":
        raise CloudError(409, f"Instance {row['id']} is not ready")
    name = str(row["name"])
    shown = AnswerFile(site.config.directory).console(site.config.site, name)
    text = f"Booting {name}\n{shown}"
    length = value.get("length") if isinstance(value, dict) else None
    if length is None:
        return {"output": text}
    try:
        lines = int(length)
    except (TypeError, ValueError):
        raise CloudError(
            400, "Invalid input for field/attribute length."
        ) from None
    kept = text.splitlines(keepends=True)
    return {"output": "".join(kept if lines < 0 else kept[-lines:])}
