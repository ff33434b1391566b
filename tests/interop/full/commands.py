"""The commands of a first day at Nova, Neutron and Cinder, and what of their
answers is compared: the exit status, and the columns or the error."""

import json
import re

from tests.helpers.clirunner import Ran

#: where both clouds have one of them
SERVER, VOLUME, NETWORK = "same", "same-root", "net-secondary-web"

COMMANDS = (
    # Nova
    "server list",
    "server list --long",
    f"server show {SERVER}",
    f"server event list {SERVER}",
    f"server volume list {SERVER}",
    f"console log show {SERVER}",
    f"console url show {SERVER}",
    "server migration list",
    "server group list",
    "server list --all-projects",
    "flavor list",
    "flavor list --long",
    "flavor show m1.large",
    "keypair list",
    "availability zone list",
    "hypervisor list",
    "compute service list",
    "aggregate list",
    "host list",
    "usage show",
    "quota show --compute",
    "limits show --absolute",
    "extension list --compute",
    # Neutron
    "network list",
    "network list --long",
    f"network show {NETWORK}",
    "subnet list",
    f"subnet show {NETWORK}-v4",
    "port list",
    f"port list --server {SERVER}",
    "router list",
    "security group list",
    "security group show default",
    "security group rule list",
    "floating ip list",
    "ip availability list",
    "network agent list",
    "address scope list",
    "subnet pool list",
    "network qos policy list",
    "quota show --network",
    # Cinder
    "volume list",
    "volume list --long",
    f"volume show {VOLUME}",
    "volume type list",
    "volume type list --long",
    "volume type show flash-async",
    "volume service list",
    "volume snapshot list",
    "volume backup list",
    "volume group list",
    "volume group type list",
    "volume transfer request list",
    "volume attachment list",
    "volume message list",
    "volume backend pool list",
    "volume summary",
    "volume qos list",
    "block storage resource filter list",
    "quota show --volume",
)

_ID = re.compile(r"\b(req-)?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b")
_URL = re.compile(r"http://[^\s\"',]+")
#: what the answers of one release and of the next differ in
_BLANK = re.compile(r"\s+")


def asked(command: str) -> str:
    """The command with the format in which its columns are always there: a
    list without rows has none in JSON."""
    verb = command.split(" --")[0].split()[-1]
    return f"{command} -f {'csv' if verb == 'list' else 'json'}"


def summary(ran: Ran) -> str:
    """One line: the status, then the columns, or the error's words."""
    if ran.code:
        said = _URL.sub("URL", _ID.sub("ID", ran.err.strip()))
        last = said.splitlines()[-1] if said else "nothing"
        return f"{ran.code} {_BLANK.sub(' ', last)[:200]}"
    if not ran.out.strip():
        return "0 nothing"
    try:
        found = json.loads(ran.out)
    except ValueError:
        header = ran.out.splitlines()[0]
        return f"0 {header}" if header.startswith('"') else "0 text"
    rows = found if isinstance(found, list) else [found]
    return f"0 {', '.join(sorted({key for row in rows for key in row}))}"
