"""Ctrl-C ends whoever waits for a site that hangs, and the process too.

Each runs in a process of its own: a thread that is joined when Python ends
is seen only there.
"""

import subprocess
import sys

import pytest

_HEAD = """
import os, signal, threading, types
from protectorclient import exceptions
never = threading.Event()
def hangs(*_):
    never.wait()
def interrupted(*_):
    os.kill(os.getpid(), signal.SIGINT)
    never.wait()
"""
WAITS = {
    "questions of a check": """
from protectorclient.pair.both_sites import BothSites
def wait():
    BothSites([]).ahead([hangs, interrupted])
""",
    "metadata of all groups": """
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.records.protection_group import ProtectionGroup
asks = {"pg-1": hangs, "pg-2": interrupted}
metadata = types.SimpleNamespace(get=lambda group: asks[group]())
groups = types.SimpleNamespace(list=lambda **_: [
    ProtectionGroup.from_dict({"id": name}) for name in asks
])
client = types.SimpleNamespace(metadata=metadata, protection_groups=groups)
facts = SiteFacts(types.SimpleNamespace(name="site-a", client=client))
def wait():
    facts.documents(groups.list())
""",
    "signs of life": """
from protectorclient.pair import liveness
primary = types.SimpleNamespace(
    access=types.SimpleNamespace(
        session=types.SimpleNamespace(auth=types.SimpleNamespace())
    )
)
survivor = types.SimpleNamespace(name="site-b")
def wait():
    liveness.signs_of_life(
        primary, exceptions.SiteUnreachable("no"), survivor,
        hangs, interrupted,
    )
""",
    "both sites of a diagnosis": """
from protectorclient.reports import operation_facts
from protectorclient.pair.both_sites import BothSites
asks = {"a": hangs, "b": interrupted}
operation_facts._find = lambda facts, identity: asks[facts.name]()
sites = BothSites([types.SimpleNamespace(name=name) for name in asks])
def wait():
    operation_facts.examine("op-1", sites)
""",
}
_TAIL = """
try:
    wait()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("waits", WAITS.values(), ids=WAITS)
def test_an_interrupt_ends_the_process(waits: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _HEAD + waits + _TAIL],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stdout) == (0, "interrupted\n"), ran.stderr
