"""Serve a WSGI application on a port of loopback: run by the Python of the
service that it is of.

    python serve.py PORT MODULE [ARGUMENT...]

The arguments are those that the service would have on its own command line.
"""

import importlib
import sys

port, module = int(sys.argv[1]), sys.argv[2]
# oslo.config reads the arguments of whatever program loads the service
sys.argv = [module, *sys.argv[3:]]

application = importlib.import_module(module).application

from waitress import serve  # noqa: E402

serve(application, host="127.0.0.1", port=port, threads=4, ident=None)
