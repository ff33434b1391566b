"""What the tests of a run are told of it."""

import dataclasses
import json
import os
import pathlib

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

    @property
    def sandbox(self) -> pathlib.Path:
        return self.folder / "sandbox"


def find() -> Place:
    """The run that started these tests."""
    folder = pathlib.Path(os.environ[VARIABLE])
    return Place(folder, **json.loads((folder / DESCRIBED).read_text()))
