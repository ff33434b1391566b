"""The folder of a sandbox: its files, and the settings of ``up``."""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import shlex
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fakeserver import schema_version
from fakeserver.base import json_file
from fakeserver.base.config import (
    FORMS,
    SITES,
    SiteConfig,
    other,
    private_folder,
)
from fakeserver.base.json_file import BrokenFile
from fakeserver.faults.kinds import FILE as FAULTS
from fakeserver.http import certificate
from fakeserver.sandbox.problem import Problem
from fakeserver.sandbox.scenarios import SCENARIOS

if TYPE_CHECKING:
    from fakeserver.faults.plan import FaultFile

SETTINGS = "sandbox.json"
HOST = "127.0.0.1"
#: the value of ``rename_on_manage`` for both sites
BOTH = "both"


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of ``up``; ``start`` and the next ``up`` use them again."""

    port: int = 8788
    peer_port: int = 8789
    tls: bool = False
    seed: int = 1
    scenario: str = "default"
    groups: int = 0
    pace: float = 1.0
    max_microversion: str = "1.2"
    #: the form of errors where only the source page is served; else empty
    strictly_source: str = ""
    #: the real Keystone of each site, with /v3; the emulated one where empty
    identity: str = ""
    peer_identity: str = ""
    #: the file with the authority of the real Keystones, copied at each up;
    #: empty where they are ones that this machine trusts
    identity_cacert: str = ""
    #: the site whose Cinder driver renames what it manages: ``both`` of
    #: them, or none where empty
    rename_on_manage: str = ""

    def renames_at(self, site: str) -> bool:
        """Return whether the driver of a site renames what it manages."""
        return self.rename_on_manage in (site, BOTH)

    def port_of(self, site: str) -> int:
        return self.port if site == SITES[0] else self.peer_port

    def url_of(self, site: str) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{HOST}:{self.port_of(site)}"

    def identity_of(self, site: str) -> str:
        """Return the real Keystone of a site; empty where it is emulated."""
        return self.identity if site == SITES[0] else self.peer_identity


def _looked_through(settings: Settings) -> Settings:
    """Check that each setting has the type of its default."""
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
    if settings.strictly_source not in ("", *FORMS):
        raise ValueError(f"strictly_source is {settings.strictly_source!r}")
    if settings.scenario not in SCENARIOS:
        raise ValueError(f"there is no scenario {settings.scenario!r}")
    if settings.rename_on_manage not in ("", *SITES, BOTH):
        raise ValueError(f"rename_on_manage is {settings.rename_on_manage!r}")
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
                "The working directory does not exist any more. Change to one "
                "that does, or give the whole path of the sandbox with --dir."
            ) from None
        self.shown = path

    @property
    def option(self) -> str:
        """Return the option that names this folder, for a shell."""
        return f"--dir {shlex.quote(str(self.shown))}"

    @property
    def clouds_yaml(self) -> pathlib.Path:
        return self.path / "clouds.yaml"

    @property
    def settings_file(self) -> pathlib.Path:
        return self.path / SETTINGS

    def log(self, site: str) -> pathlib.Path:
        return self.path / f"{site}.log"

    def request_log(self, site: str) -> pathlib.Path:
        return self.path / f"{site}.journal"

    def exists(self) -> bool:
        return self.settings_file.is_file()

    def settings(self) -> Settings:
        """Return the settings of this sandbox; raise Problem when there is
        none."""
        try:
            held = json_file.read(self.settings_file)
            number = int(held.pop("schema", 0))
            wrote = str(held.pop("written_by", "unknown"))
            if number > schema_version.NUMBER:
                problem = schema_version.newer(
                    f"The sandbox in {self.shown}", number, wrote
                )
                raise Problem(str(problem))
            return _looked_through(Settings(**held))
        except (FileNotFoundError, NotADirectoryError):
            raise Problem(
                f"There is no sandbox in {self.shown}. Create it:\n"
                f"protector-sandbox up {self.option}"
            ) from None
        except BrokenFile as error:
            raise Problem(str(error)) from None
        except (OSError, TypeError, ValueError, OverflowError) as error:
            raise Problem(
                f"The settings in {self.settings_file} cannot be read: "
                f"{error}."
            ) from None

    def prepare(self) -> None:
        """Create the folder, or use an empty one, for its owner alone."""
        try:
            fresh = not self.path.exists() or not any(self.path.iterdir())
            if not fresh and not self._ours():
                raise Problem(
                    f"{self.shown} holds files that do not belong to a "
                    "sandbox. Give an empty folder with --dir."
                )
            private_folder(self.path)
        except NotADirectoryError:
            raise Problem(f"{self.shown} is not a folder.") from None
        except OSError as error:
            raise Problem(
                f"The folder {self.shown} cannot be used: {error.strerror}."
            ) from None

    def _ours(self) -> bool:
        """Return whether the folder is a sandbox, or one whose creation was
        cut short."""
        return self.exists() or (self.path / "up.lock").exists()

    def write(self, settings: Settings) -> None:
        """Write settings, certificates and clouds.yaml; keep the data."""
        from fakeserver.base.seed_world import build
        from fakeserver.sandbox import cloudsyaml

        if settings.tls:
            certificate.make(self.path)
        self._write_trusted(settings)
        config = self.config(settings, SITES[0])
        world = build(settings.scenario, settings.seed, settings.groups)
        text = cloudsyaml.render(
            world,
            {site: self.config(settings, site).auth_url for site in SITES},
            config,
        )
        write_private(self.clouds_yaml, text)
        self.write_settings(settings)
        self.write_tokens()

    def write_settings(self, settings: Settings) -> None:
        """Write the settings, with the schema of every small file beside
        them."""
        held = {
            "schema": schema_version.NUMBER,
            "written_by": schema_version.version(),
            **dataclasses.asdict(settings),
        }
        write_private(self.settings_file, json.dumps(held, indent=1) + "\n")

    def config(self, settings: Settings, site: str) -> SiteConfig:
        """Return the configuration of the process of one site."""
        return SiteConfig(
            site=site,
            peer=other(site),
            directory=self.path,
            url=settings.url_of(site),
            peer_url=settings.url_of(other(site)),
            seed=settings.seed,
            pace=settings.pace,
            max_microversion=settings.max_microversion,
            strictly_source=settings.strictly_source,
            identity=settings.identity_of(site),
            peer_identity=settings.identity_of(other(site)),
            renames=settings.renames_at(site),
            peer_renames=settings.renames_at(other(site)),
            scenario=settings.scenario,
            groups=settings.groups,
            ca_file=self.trusted(settings),
        )

    def trusted(self, settings: Settings) -> pathlib.Path | None:
        """Return the file of the authorities that sites and people trust:
        the sandbox's own, that of real Keystones, or both."""
        if settings.identity_cacert:
            return self.path / certificate.TRUSTED
        return self.path / certificate.CA if settings.tls else None

    def _write_trusted(self, settings: Settings) -> None:
        if not settings.identity_cacert:
            return
        text = pathlib.Path(settings.identity_cacert).read_text()
        if settings.tls:
            own = (self.path / certificate.CA).read_text()
            text = f"{text.rstrip()}\n{own}"
        write_private(self.path / certificate.TRUSTED, text)

    def faults(self) -> "FaultFile":
        from fakeserver.faults import plan

        return plan.FaultFile(self.path / plan.NAME, self.settings().seed)

    def tokens(self) -> dict[str, str]:
        """Return the API token that each array accepts now."""
        from fakeserver.base.seed_world import ARRAY_TOKENS

        if not (self.path / FAULTS).exists():
            return dict(ARRAY_TOKENS)
        from fakeserver.faults import plan

        rules = plan.FaultFile(self.path / plan.NAME).rules()
        return {
            array: plan.token_of(array, rules) or first
            for array, first in ARRAY_TOKENS.items()
        }

    def token_file(self, array: str) -> pathlib.Path:
        """Return the file that holds the token of an array, for people."""
        return self.path / f"{array}.token"

    def write_tokens(self) -> None:
        """Write the tokens to their files; again when a fault changes one."""
        for array, token in self.tokens().items():
            write_private(self.token_file(array), token + "\n")

    def exports(self) -> list[str]:
        """Return the lines to export in the user's shell."""
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
        """Return the lines that export the tokens of the arrays."""
        return [
            f"export ARRAY_TOKEN_{array[-1].upper()}={token}"
            for array, token in self.tokens().items()
        ]

    @contextlib.contextmanager
    def alone(
        self, interrupted: threading.Event | None = None
    ) -> Iterator[None]:
        """Lock the sandbox, so that one command works on it at a time."""
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
        """Remove everything that a sandbox writes."""
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
    """Write a file as a whole, readable for its owner alone."""
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
