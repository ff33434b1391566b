"""A pair of sites for tests: created, used and removed in this process."""

import pathlib
import shutil
import tempfile
import threading
import time

from fakeserver.base.clock import ManualClock, SharedClock
from fakeserver.base.seed_world import SITES
from fakeserver.base.wire import Sockets, Wire
from fakeserver.faults.plan import SiteCrash
from fakeserver.http import certificate
from fakeserver.http.ports import bind_any
from fakeserver.local import scenario_history, seeded
from fakeserver.local.both_sites import LIFETIME, BothSites
from fakeserver.local.wsgi_adapter import InProcess, Neighbours
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.scenarios import SCENARIOS

#: worker threads of a site with sockets
WORKERS = 4


class LocalPair(BothSites):
    """Two seeded sites in a folder; a context manager.

    Without a directory the folder is temporary and goes with the pair.
    """

    def __init__(
        self,
        directory: pathlib.Path | None = None,
        *,
        scenario: str = "default",
        groups: int = 0,
        seed: int = 1,
        pace: float = 0.0,
        sockets: bool = False,
        tls: bool = False,
        workers: int | None = None,
        max_microversion: str = "1.2",
        strictly_source: str = "",
        token_lifetime: float = LIFETIME,
        identity: str = "",
        peer_identity: str = "",
        rename_on_manage: str = "",
    ) -> None:
        if tls and not sockets:
            raise ValueError("TLS needs sockets")
        self._temporary = directory is None
        path = directory or pathlib.Path(
            tempfile.mkdtemp(prefix="protector-pair-")
        )
        folder = Folder(path)
        fresh = not folder.exists()
        folder.prepare()
        ports = [bind_any() for _ in SITES] if sockets else []
        first, second = [p.getsockname()[1] for p in ports] or [1, 2]
        settings = Settings(
            port=first,
            peer_port=second,
            tls=tls,
            seed=seed,
            scenario=scenario,
            groups=groups,
            pace=pace,
            max_microversion=max_microversion,
            strictly_source=strictly_source,
            identity=identity,
            peer_identity=peer_identity,
            rename_on_manage=rename_on_manage,
        )
        folder.write(settings)
        for port in ports:
            port.close()
        now = time.time()
        if fresh and not SCENARIOS[scenario].down:
            now = seeded.put_down(folder, settings, now)
        clock: ManualClock | SharedClock = ManualClock(now)
        wire: Wire = InProcess()
        if sockets:
            _dying_is_quiet()
            wire = Neighbours()
            if tls:
                wire = Sockets(str(path / certificate.CA))
            clock = SharedClock(path / "clock.json")
        if workers is None:
            workers = WORKERS if sockets else 0
        if SCENARIOS[scenario].has_history and fresh:
            scenario_history.begin_anew(folder, settings, clock.time())
        super().__init__(
            folder,
            settings,
            clock,
            wire,
            workers=workers,
            token_lifetime=token_lifetime,
        )
        self.start(SCENARIOS[scenario].down)

    def reset(self) -> None:
        """Replace the world by the seeded one."""
        running = [site for site in self.sites.values() if site.running]
        for site in running:
            site.service.stop()
        self.clear_faults()
        now = self.clock.time()
        if not seeded.put_back(self.folder, self.settings, now):
            scenario_history.begin_anew(self.folder, self.settings, now)
        for site in running:
            site.service.wake()

    def close(self) -> None:
        super().close()
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)


def _dying_is_quiet() -> None:
    """Let a thread of a crashed site end without a traceback, which pytest
    would report."""
    before = threading.excepthook
    if getattr(before, "of_the_sandbox", False):
        return

    def hook(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, SiteCrash):
            before(args)

    hook.of_the_sandbox = True  # type: ignore[attr-defined]
    threading.excepthook = hook
