"""The folder of a sandbox: what is where, and how it was brought up."""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import shlex
import threading
from collections.abc import Iterator

from fakeserver.base import json_file
from fakeserver.base.config import SiteConfig
from fakeserver.base.json_file import BrokenFile
from fakeserver.base.seed_world import ARRAY_TOKENS, SITES, build
from fakeserver.compose import other, private_folder
from fakeserver.faults.plan import NAME as FAULTS
from fakeserver.faults.plan import FaultFile, token_of
from fakeserver.http import certificate
from fakeserver.sandbox import cloudsyaml
from fakeserver.sandbox.problem import Problem
from fakeserver.sandbox.scenarios import SCENARIOS
from fakeserver.store import upgrade

SETTINGS = "sandbox.json"
HOST = "127.0.0.1"


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a sandbox was brought up; kept for ``start`` and the next ``up``."""

    port: int = 8788
    peer_port: int = 8789
    tls: bool = False
    seed: int = 1
    scenario: str = "default"
    groups: int = 0
    pace: float = 1.0
    max_microversion: str = "1.2"

    def port_of(self, site: str) -> int:
        return self.port if site == SITES[0] else self.peer_port

    def url_of(self, site: str) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{HOST}:{self.port_of(site)}"


def _looked_through(settings: Settings) -> Settings:
    """Settings of which each is of the kind that it is by default."""
    for field in dataclasses.fields(settings):
        value, kind = getattr(settings, field.name), type(field.default)
        kinds = (int, float) if kind is float else (kind,)
        # a bool is an int, and no number of anything
        if not isinstance(value, kinds) or (
            isinstance(value, bool) and kind is not bool
        ):
            raise ValueError(f"{field.name} is {value!r}")
    for name in ("port", "peer_port"):
        if not 0 < getattr(settings, name) < 1 << 16:
            raise ValueError(f"{name} is {getattr(settings, name)}")
    if settings.scenario not in SCENARIOS:
        raise ValueError(f"there is no scenario {settings.scenario!r}")
    return settings


class Folder:
    """A sandbox on disk, running or not."""

    def __init__(self, path: pathlib.Path) -> None:
        if "\0" in str(path):
            raise Problem("--dir takes the path of a folder.", 2)
        try:
            self.path = path.absolute()
        except FileNotFoundError:
            raise Problem(
                "The working directory is gone; go to one that exists, or "
                "give the whole path of the sandbox with --dir."
            ) from None
        self.shown = path

    @property
    def clouds_yaml(self) -> pathlib.Path:
        return self.path / "clouds.yaml"

    @property
    def settings_file(self) -> pathlib.Path:
        return self.path / SETTINGS

    def log(self, site: str) -> pathlib.Path:
        return self.path / f"{site}.log"

    def journal(self, site: str) -> pathlib.Path:
        return self.path / f"{site}.journal"

    def exists(self) -> bool:
        return self.settings_file.is_file()

    def settings(self) -> Settings:
        """How this sandbox was brought up; Problem when there is none."""
        try:
            held = json_file.read(self.settings_file)
            number = int(held.pop("schema", 0))
            wrote = str(held.pop("written_by", "unknown"))
            if number > upgrade.NUMBER:
                problem = upgrade.newer(
                    f"The sandbox in {self.shown}", number, wrote
                )
                raise Problem(str(problem))
            return _looked_through(Settings(**held))
        except (FileNotFoundError, NotADirectoryError):
            raise Problem(
                f"There is no sandbox in {self.shown}; "
                "protector-sandbox up makes one."
            ) from None
        except BrokenFile as error:
            raise Problem(str(error)) from None
        except (OSError, TypeError, ValueError, OverflowError) as error:
            raise Problem(
                f"The settings in {self.settings_file} cannot be read: "
                f"{error}."
            ) from None

    def prepare(self) -> None:
        """Make the folder, or take an empty one, for its owner alone."""
        try:
            fresh = not self.path.exists() or not any(self.path.iterdir())
            if not fresh and not self._ours():
                raise Problem(
                    f"{self.shown} holds files that are not a sandbox's; "
                    "give an empty folder with --dir."
                )
            private_folder(self.path)
        except NotADirectoryError:
            raise Problem(f"{self.shown} is not a folder.") from None
        except OSError as error:
            raise Problem(
                f"The folder {self.shown} cannot be used: {error.strerror}."
            ) from None

    def _ours(self) -> bool:
        """A sandbox's, or one's whose making was cut short."""
        return self.exists() or (self.path / "up.lock").exists()

    def write(self, settings: Settings) -> None:
        """Settings, certificates and clouds.yaml; data is left alone."""
        if settings.tls:
            certificate.make(self.path)
        config = self.config(settings, SITES[0])
        world = build(settings.scenario, settings.seed, settings.groups)
        text = cloudsyaml.render(
            world, {site: settings.url_of(site) for site in SITES}, config
        )
        write_private(self.clouds_yaml, text)
        self.write_settings(settings)
        self.write_tokens()

    def write_settings(self, settings: Settings) -> None:
        """They carry the schema of every small file beside them, too."""
        held = {
            "schema": upgrade.NUMBER,
            "written_by": upgrade.version(),
            **dataclasses.asdict(settings),
        }
        write_private(self.settings_file, json.dumps(held, indent=1) + "\n")

    def config(self, settings: Settings, site: str) -> SiteConfig:
        """What the process of one site is told."""
        return SiteConfig(
            site=site,
            peer=other(site),
            directory=self.path,
            url=settings.url_of(site),
            peer_url=settings.url_of(other(site)),
            seed=settings.seed,
            pace=settings.pace,
            max_microversion=settings.max_microversion,
            scenario=settings.scenario,
            groups=settings.groups,
            ca_file=self.path / certificate.CA if settings.tls else None,
        )

    def faults(self) -> FaultFile:
        return FaultFile(self.path / FAULTS, self.settings().seed)

    def tokens(self) -> dict[str, str]:
        """The API token that each array takes now."""
        rules = FaultFile(self.path / FAULTS).rules()
        return {
            array: token_of(array, rules) or first
            for array, first in ARRAY_TOKENS.items()
        }

    def token_file(self, array: str) -> pathlib.Path:
        """Where a person finds the token of an array."""
        return self.path / f"{array}.token"

    def write_tokens(self) -> None:
        """Put the tokens down; again when a fault has changed one."""
        for array, token in self.tokens().items():
            write_private(self.token_file(array), token + "\n")

    def exports(self) -> list[str]:
        """Lines for the user's shell."""
        foreign = sorted(
            name
            for name in os.environ
            if name.startswith("OS_")
            and name not in ("OS_CLOUD", "OS_CLIENT_CONFIG_FILE")
        )
        lines = [f"unset {' '.join(foreign)}"] if foreign else []
        return [
            *lines,
            "export OS_CLIENT_CONFIG_FILE="
            + shlex.quote(str(self.clouds_yaml)),
            f"export OS_CLOUD={SITES[0]}",
        ]

    def token_exports(self) -> list[str]:
        """The same for the tokens of the arrays."""
        return [
            f"export ARRAY_TOKEN_{array[-1].upper()}={token}"
            for array, token in self.tokens().items()
        ]

    @contextlib.contextmanager
    def alone(
        self, interrupted: threading.Event | None = None
    ) -> Iterator[None]:
        """One command at a time on one sandbox."""
        told = interrupted or threading.Event()
        path = self.path / "up.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _locked(handle):
                if told.wait(0.05):
                    raise Problem("Interrupted; nothing was done.", 130)
            yield
        finally:
            os.close(handle)

    def remove_data(self, logs: bool = True) -> None:
        """Take away everything that a sandbox writes."""
        for path in self.path.iterdir():
            kept = path.name == "up.lock" or (
                path.suffix == ".log" and not logs
            )
            if path.is_file() and not kept:
                path.unlink()


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_private(path: pathlib.Path, text: str) -> None:
    """A file that is there whole, and for its owner alone."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w") as out:
            out.write(text)
        os.replace(temporary, path)
    except BaseException:
        # a full disk shall not be made fuller
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
