"""The databases of the services: MariaDB, or SQLite where there is none.

The tables are made once for this machine, which takes minutes; each run
begins with a copy of them.
"""

import contextlib
import getpass
import hashlib
import os
import pathlib
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from fakeserver.base.seed_world import SITES
from tests.interop import environment
from tests.interop.full import needs
from tests.interop.full.daemons import INSIDE, until_it_listens
from tests.interop.processes import Processes, free_ports, tethered

SERVICES = ("placement", "neutron", "cinder", "nova")
NAMES = ("placement", "neutron", "cinder", "nova_api", "nova", "nova_cell0")
NAME = "mariadb"
USER = "openstack"
#: how long MariaDB may take to write down what it has, seconds
GRACE = 60.0


class MariaDB:
    """A MariaDB of the run's own."""

    kind = "MariaDB"
    #: Nova's own templates: where the database of a cell is, and the cell
    #: in which servers are that were never scheduled
    cell = "{scheme}://{username}:{password}@{hostname}:{port}/{path}?{query}"
    cell0 = (
        "{scheme}://{username}:{password}@{hostname}:{port}/{path}_cell0"
        "?{query}"
    )

    def __init__(
        self, folder: pathlib.Path, programs: tuple[pathlib.Path, pathlib.Path]
    ) -> None:
        self.folder = folder
        self._server, self._install = programs
        (self._port,) = free_ports(1)
        self._password = secrets.token_hex(16)

    def url(self, site: str, name: str) -> str:
        return (
            f"mysql+pymysql://{USER}:{self._password}@127.0.0.1:{self._port}/"
            f"{_database(site, name)}?charset=utf8mb3"
        )

    def made_by(self) -> str:
        """What its files depend on."""
        asked = [self._server, "--no-defaults", "--version"]
        return subprocess.run(
            asked, check=True, capture_output=True, text=True
        ).stdout

    def start(self, processes: Processes) -> None:
        """Start it; :meth:`wait` waits for it."""
        options = [f"--datadir={self.folder}", "--skip-name-resolve"]
        if os.geteuid() == 0:
            options.append(f"--user={getpass.getuser()}")
        if not (self.folder / "mysql").exists():
            processes.run(
                "mariadb-install-db",
                [
                    *(self._install, "--no-defaults", *options),
                    *("--auth-root-authentication-method=normal",),
                    "--skip-test-db",
                ],
            )
        prepare = self.folder.with_suffix(".sql")
        prepare.touch(mode=0o600)
        prepare.write_text("\n".join(self._statements()))
        processes.start(
            NAME,
            tethered(
                *(self._server, "--no-defaults", *options),
                *("--bind-address=127.0.0.1", f"--port={self._port}"),
                f"--socket={self.folder / 'socket'}",
                f"--pid-file={self.folder / 'pid'}",
                f"--init-file={prepare}",
                *("--max-connections=500", "--performance-schema=OFF"),
                # a power cut would lose what a run may lose
                "--innodb-flush-log-at-trx-commit=0",
                *("--innodb-doublewrite=0", "--innodb-log-file-size=32M"),
            ),
        )

    def wait(self, processes: Processes) -> None:
        until_it_listens(processes, NAME, self._port)

    def end(self, processes: Processes) -> None:
        processes.end(NAME, grace=GRACE)

    def _statements(self) -> Iterator[str]:
        who = f"{USER}@'127.0.0.1'"
        yield f"CREATE USER IF NOT EXISTS {who};"
        yield f"ALTER USER {who} IDENTIFIED BY '{self._password}';"
        yield f"GRANT ALL ON *.* TO {who};"
        # without a password it lets in whoever is on this machine
        yield "ALTER USER root@localhost IDENTIFIED VIA unix_socket;"
        for site in SITES:
            for name in NAMES:
                yield (
                    f"CREATE DATABASE IF NOT EXISTS {_database(site, name)} "
                    "CHARACTER SET utf8mb3;"
                )


class SQLite:
    """A file for each database; under Nova one is sometimes locked."""

    kind = "SQLite"
    cell = "{scheme}:////{path}"
    cell0 = "{scheme}:////{path}_cell0"

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def url(self, site: str, name: str) -> str:
        return f"sqlite:///{self.folder}/{_database(site, name)}"

    def made_by(self) -> str:
        return self.kind

    def start(self, processes: Processes) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def wait(self, processes: Processes) -> None:
        pass

    def end(self, processes: Processes) -> None:
        pass


Databases = MariaDB | SQLite


def databases(folder: pathlib.Path) -> Databases:
    """The best kind that this machine has."""
    programs = needs.mariadb()
    return MariaDB(folder, programs) if programs else SQLite(folder)


def fill(
    processes: Processes, made: Databases, pythons: Mapping[str, pathlib.Path]
) -> None:
    """Bring the tables of all services into the folder, and stop there."""
    template = _template(made)
    with environment.alone(template.with_suffix(".lock")):
        if not (template / environment.COMPLETE).exists():
            shutil.rmtree(template, ignore_errors=True)
            made.start(processes)
            made.wait(processes)
            _make_tables(processes, made, pythons)
            made.end(processes)
            shutil.copytree(made.folder, template)
            (template / environment.COMPLETE).touch()
            return
    shutil.copytree(template, made.folder)
    (made.folder / environment.COMPLETE).unlink()


def _template(made: Databases) -> pathlib.Path:
    held = hashlib.sha256(made.made_by().encode())
    held.update(pathlib.Path(__file__).read_bytes())
    for service in SERVICES:
        held.update(environment.constraints(service).read_bytes())
    name = f"tables-{made.kind.lower()}-{held.hexdigest()[:16]}"
    return environment.cache() / name


def _make_tables(
    processes: Processes, made: Databases, pythons: Mapping[str, pathlib.Path]
) -> None:
    with contextlib.ExitStack() as files:
        folder = processes.folder / "tables"
        folder.mkdir(mode=0o700)
        files.callback(shutil.rmtree, folder)
        steps = {
            site: list(_steps(made, site, folder, pythons)) for site in SITES
        }
        # both sites at a time: there are two processors, as a rule
        for each in zip(*steps.values(), strict=True):
            for site, (name, command) in zip(steps, each, strict=True):
                processes.start(
                    f"{name}-{site}",
                    command,
                    {"PYTHONWARNINGS": "ignore"},
                )
            for site, (name, _) in zip(steps, each, strict=True):
                processes.wait(f"{name}-{site}")


def _steps(
    made: Databases,
    site: str,
    folder: pathlib.Path,
    pythons: Mapping[str, pathlib.Path],
) -> Iterator[tuple[str, list[str | pathlib.Path]]]:
    def manage(program: str, *arguments: str) -> list[str | pathlib.Path]:
        service = program.partition("-")[0]
        return [
            pythons[service].with_name(program),
            *("--config-file", file, *arguments),
        ]

    file = folder / f"{site}.conf"
    sections = {
        "placement_database": made.url(site, "placement"),
        "api_database": made.url(site, "nova_api"),
    }
    plain = {
        name: made.url(site, name) for name in ("placement", "neutron", "nova")
    }
    for service in SERVICES:
        file = folder / f"{site}-{service}.conf"
        connection = plain.get(service, made.url(site, service))
        text = f"[DEFAULT]\nuse_stderr = true\nstate_path = {folder}\n"
        # never connected to: a cell keeps the form of it
        text += "transport_url = rabbit://user:password@127.0.0.1:1/site\n"
        text += f"[database]\nconnection = {connection}\n"
        for section, url in sections.items():
            text += f"[{section}]\nconnection = {url}\n"
        file.touch(mode=0o600)
        file.write_text(text)
        if service == "placement":
            yield "tables-placement", manage("placement-manage", "db", "sync")
        elif service == "cinder":
            yield "tables-cinder", manage("cinder-manage", "db", "sync")
        elif service == "neutron":
            upgrade = ["upgrade", "heads"]
            if isinstance(made, SQLite):
                tables = [pythons[service], INSIDE / "neutron_tables.py"]
                yield "tables-neutron", [*tables, connection]
                upgrade = ["stamp", "heads"]
            yield "tables-neutron", manage("neutron-db-manage", *upgrade)
        else:
            cells = ("cell_v2", "map_cell0", "--database_connection")
            for arguments in (
                ("api_db", "sync"),
                (*cells, made.cell0),
                ("db", "sync"),
                (
                    *("cell_v2", "create_cell", "--name", "cell1"),
                    *("--database_connection", made.cell),
                    "--transport-url",
                    "{scheme}://{username}:{password}@{hostname}:{port}"
                    "/{path}",
                ),
            ):
                yield "tables-nova", manage("nova-manage", *arguments)


def _database(site: str, name: str) -> str:
    # no dash: a migration of Cinder's does not quote the name
    return f"{site}_{name}".replace("-", "_")
