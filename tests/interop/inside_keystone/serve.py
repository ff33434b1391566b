"""Serve Keystone on a port of loopback: run by Keystone's own Python.

    python serve.py PORT

It ends by itself when its stdin does: whoever started it holds the other
end, and may die in any way.
"""

import os
import sys
import threading

port = int(sys.argv[1])
# oslo.config reads the arguments of whatever program loads Keystone
sys.argv = ["keystone"]

from keystone.server import wsgi  # noqa: E402
from waitress import serve  # noqa: E402


def end_with_the_starter() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


threading.Thread(target=end_with_the_starter, daemon=True).start()
serve(
    wsgi.initialize_public_application(),
    host="127.0.0.1",
    port=port,
    # a login writes: of two that write to one SQLite file at a time, one is
    # answered 500 ("database is locked")
    threads=1,
    ident=None,
)
