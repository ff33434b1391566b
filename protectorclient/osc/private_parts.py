"""The private parts of other packages that this package uses.

Any version may change them. ``make versions`` therefore runs the tests with
the oldest and the newest versions; a test holds this list complete, for the
reference server, too. A line has the name, its package, where we use it and
why.

* ``_option_string_actions`` of argparse in ``osc/private_parts.py``: no
  public way leads from ``--max-width`` to an option of cliff's.
* ``_normalized_name`` of importlib in ``osc/private_parts.py``: the name of a
  package without reading its metadata, as importlib tells one of two copies.
* ``_epilog`` of cliff in ``osc/command.py``: cliff's own ``get_epilog`` reads
  the metadata of every installed package.
* ``_hooks`` of cliff in ``osc/command.py``: the fast script knows without a
  scan of all packages whether a command has hooks.
* ``_load_hooks`` of cliff in ``osc/command.py``: as above.
* ``_pw_callback`` of openstacksdk in ``osc/private_parts.py``: the session
  cache keeps nothing of a password that was typed.
* ``_content`` of requests in ``_http/limits.py``: the answer is read here,
  within a limit, and requests takes what was read.
* ``_content_consumed`` of requests in ``_http/limits.py``: as above.
* ``_cookies`` of requests in ``_http/session.py``: a read without cookies
  needs a jar that is empty.
* ``_session`` of keystoneauth1 in ``_http/session.py``: the copy of a
  session must not close the requests session of its owner.
* ``_compile_builder`` of werkzeug in ``fakeserver/base/routes.py``: what
  werkzeug prepares for building addresses, which the server never does,
  takes two thirds of the start of a site.
* ``_exit`` of os in ``fakeserver/cli/serve.py``: a process that was split off
  ends without what its parent has to do at its end.

Without an underscore, but not documented: ``Adjustments``, ``HTTPChannel``,
``ErrorTask``, ``TcpWSGIServer`` and ``wasyncore`` of waitress in
``fakeserver/http``. waitress has no public way to answer a refusal in the
error form of the API, to stop within milliseconds, or to wait when the
process has no file descriptor left.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
from collections.abc import Iterator, Mapping
from typing import Any


def options_of(
    parser: argparse.ArgumentParser,
) -> Mapping[str, argparse.Action]:
    """Return the options of a parser, each by all of its strings."""
    return parser._option_string_actions


def name_of(package: importlib.metadata.Distribution) -> str:
    """Return the name of a package, in the form in which it compares."""
    return str(package._normalized_name)  # type: ignore[attr-defined]


@contextlib.contextmanager
def noting_prompts(config: Any) -> Iterator[list[str]]:
    """Note what an ``OpenStackConfig`` asks for on the terminal.

    :returns: the prompts so far.
    """
    prompts: list[str] = []
    ask: Any = getattr(config, "_pw_callback", None)
    if ask is None:
        yield prompts
        return

    def asking(prompt: str | None = None) -> Any:
        prompts.append(prompt or "")
        return ask(prompt)

    config._pw_callback = asking
    try:
        yield prompts
    finally:
        config._pw_callback = ask
