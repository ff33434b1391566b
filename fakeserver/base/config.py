"""The settings that one site's process gets when it starts."""

import dataclasses
import pathlib

SITES = ("site-a", "site-b")
#: the forms of an error of a site that serves only what the source page
#: states; the first draws the others in turn
TURNS = "turns"
FORMS = (TURNS, "json", "text", "html", "empty")


@dataclasses.dataclass(frozen=True)
class SiteConfig:
    """Everything about one site that is not in its database."""

    site: str
    peer: str
    directory: pathlib.Path
    #: where this site and its peer answer, without a slash at the end
    url: str
    peer_url: str
    seed: int = 1
    #: seconds of engine clock that a step takes; 0 is as fast as it goes
    pace: float = 1.0
    max_microversion: str = "1.2"
    scenario: str = "default"
    #: how many groups the scenario ``fleet`` makes
    groups: int = 0
    #: seconds until a Keystone token expires
    token_lifetime: float = 86400.0
    #: operations that run at the same time
    workers: int = 8
    #: the form of errors at a site that serves the source page alone; a
    #: site that serves everything where empty
    strictly_source: str = ""
    #: where the real Keystone of this site and of its peer answers, with
    #: /v3; the emulated one where empty
    identity: str = ""
    peer_identity: str = ""
    #: whether Cinder's driver renames what it manages, here and at the peer
    renames: bool = False
    peer_renames: bool = False
    #: the authorities that the certificates of both sites, of their peers
    #: and of their Keystones are checked with; this machine's own where None
    ca_file: pathlib.Path | None = None

    def of_peer(self) -> "SiteConfig":
        """Return the settings of the other site, in the same folder."""
        return dataclasses.replace(
            self,
            site=self.peer,
            peer=self.site,
            url=self.peer_url,
            peer_url=self.url,
            identity=self.peer_identity,
            peer_identity=self.identity,
            renames=self.peer_renames,
            peer_renames=self.renames,
        )

    def renames_at(self, site: str) -> bool:
        """Return whether the driver of a site renames what it manages."""
        return self.renames if site == self.site else self.peer_renames

    @property
    def auth_url(self) -> str:
        """Return the address of this site's Keystone."""
        return self.identity or f"{self.url}/identity/v3"

    @property
    def database(self) -> pathlib.Path:
        return self.directory / f"{self.site}.db"

    @property
    def arrays(self) -> pathlib.Path:
        return self.directory / "arrays.db"

    @property
    def clock_file(self) -> pathlib.Path:
        return self.directory / "clock.json"

    @property
    def vault_key(self) -> pathlib.Path:
        return self.directory / f"{self.site}.key"

    @property
    def pair_key(self) -> pathlib.Path:
        return self.directory / "pair.key"

    @property
    def control_secret(self) -> pathlib.Path:
        return self.directory / "control.secret"

    @property
    def engine_stopped(self) -> pathlib.Path:
        """Return the file that keeps the engine stopped while it exists."""
        return self.directory / f"{self.site}.engine-stopped"

    def instances_of(self, site: str) -> pathlib.Path:
        """Return the file that says where the instances of a site are
        reached."""
        return self.directory / f"{site}.instances"

    @property
    def cinder_policy(self) -> pathlib.Path:
        return self.directory / f"{self.site}-cinder-policy.yaml"


def private_folder(path: pathlib.Path) -> None:
    """Create a folder that only its owner can enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)


def other(site: str) -> str:
    """Return the other one of the two sites."""
    return SITES[1] if site == SITES[0] else SITES[0]
