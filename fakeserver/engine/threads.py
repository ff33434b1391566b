"""The threads of a site's engine: workers and reconciler.

They are started, stopped, and made anew for the next start.
"""

import threading

from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.compare import Sync
from fakeserver.engine.peer.replicate import Metadata
from fakeserver.engine.reconciler import Reconciler
from fakeserver.engine.run.executor import Executor
from fakeserver.engine.run.locks import GroupLocks
from fakeserver.engine.run.workers import STOP_TIMEOUT, Workers
from fakeserver.site import Site


class EngineThreads:
    """What runs the operations that a service has accepted."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.access = Access(site)
        self.metadata = Metadata(site, self.access)
        self.sync = Sync(site, self.access, self.metadata)
        self.locks = GroupLocks()
        self._turn = threading.Lock()
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Create the threads' owners with a stop event of their own: a thread
        that outlives a stop keeps the old one."""
        self._stop = threading.Event()
        executor = Executor(
            self.site, self.access, self.metadata, self.locks, self._stop
        )
        self._workers = Workers(
            self.site.config.workers, executor.run, self._stop
        )
        self._reconciler = Reconciler(
            self.site,
            self.access,
            self.metadata,
            self.sync,
            self.locks,
            self._workers,
            self._stop,
        )

    def start(self) -> None:
        """Start the threads, and resume unfinished operations."""
        with self._turn:
            if self.site.config.engine_stopped.exists():
                self._stop.set()
                return
            if self._stop.is_set():
                self._begin_anew()
            self._reconciler.resume()
            if self.site.config.workers:
                name = self.site.config.site
                self._workers.start(name)
                self._reconciler.start(name)

    def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """Stop the engine; unfinished operations wait for the next start.

        A request that is on its way to a cloud is waited for: what it
        makes has to be on disk before anybody else looks for it.
        """
        with self._turn:
            self._stop.set()
            self._workers.stop(timeout)
            self._reconciler.stop(timeout)

    def wake(self) -> None:
        """Start after the world was exchanged: forget every client."""
        self.access.forget()
        self.start()

    def halt(self) -> None:
        """Stop the engine, also over a restart of the site: operations are
        accepted and wait."""
        self.site.config.engine_stopped.touch(mode=0o600)
        self.stop()

    def go_on(self) -> None:
        """Start the engine again, after :meth:`halt`."""
        self.site.config.engine_stopped.unlink(missing_ok=True)
        self.start()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def drain(self) -> None:
        """Run the queue in this thread, for a site without workers."""
        self._workers.drain()
        self.tick()

    def tick(self) -> None:
        """Let the reconciler do each part once."""
        if not self.stopped:
            self._reconciler.tick()
