"""What the tests of a run are told of it."""

import dataclasses
import json
import os
import pathlib
import urllib.parse

from tests.interop.keystone import Keystone

#: the variable that names the folder of the run
VARIABLE = "INTEROP_DIR"
#: the file in it
DESCRIBED = "run.json"


@dataclasses.dataclass(frozen=True)
class Place:
    """Two real Keystones and the sandbox behind them, both running."""

    folder: pathlib.Path
    #: site -> URL with /v3
    keystones: dict[str, str]
    #: site -> URL of the protector service, without a path
    urls: dict[str, str]
    seed: int
    #: the interpreter with Keystone in it
    python: str

    def keystone(self, site: str) -> Keystone:
        """The Keystone of a site, to be started again after it was ended."""
        port = urllib.parse.urlsplit(self.keystones[site]).port
        assert port is not None
        folder = self.folder / f"keystone-{site}"
        return Keystone(site, folder, port, pathlib.Path(self.python))

    def pid_of_keystone(self, site: str) -> int:
        """Its process, as the run that started it wrote it down."""
        name = self.keystone(site).name
        return int((self.folder / f"{name}.pid").read_text())

    @property
    def sandbox(self) -> pathlib.Path:
        return self.folder / "sandbox"


def find() -> Place:
    """The run that started these tests."""
    folder = pathlib.Path(os.environ[VARIABLE])
    return Place(folder, **json.loads((folder / DESCRIBED).read_text()))
