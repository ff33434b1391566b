"""``protector-sandbox compare``: a real deployment beside the reference."""

import argparse
import os
import warnings
from typing import Any

from fakeserver.sandbox.problem import Problem, say

#: Something deviates; the code that checks of the client's have, too.
DEVIATES = 3
#: Nobody waits for more of a deployment of any size.
MOST = 100_000


def add_options(compare: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    compare.add_argument(
        "--upstream",
        metavar="URL",
        required=True,
        help="URL of the protector service of the deployment.",
    )
    compare.add_argument(
        "--os-cloud",
        metavar="CLOUD",
        default=None,
        help="Entry of clouds.yaml to sign in with (default: OS_CLOUD).",
    )
    compare.add_argument(
        "--reads",
        type=int,
        metavar="N",
        help="Read until N requests are sent (default: everything once).",
    )
    compare.add_argument(
        "--json", action="store_true", help="Print the report as JSON."
    )


def run(args: argparse.Namespace) -> int:
    """Compare, print the report; 0, or 3 where something deviates.

    :raises Problem: the deployment or its Keystone cannot be read.
    """
    from fakeserver.compare import report
    from fakeserver.compare.upstream import Deployment, root_of
    from fakeserver.compare.walk import Walk

    if args.reads is not None and args.reads < 1:
        raise Problem(f"--reads {args.reads} is not above 0.")
    root = root_of(args.upstream)
    session, http = _sessions(args.os_cloud)
    walk = Walk(Deployment(root, session, http), args.reads or MOST)
    found = walk.run(rounds=1 if args.reads is None else None)
    if args.json:
        print(report.as_json(found))
    else:
        for line in report.as_text(found):
            print(line)
    if not found.groups:
        say("The project has no groups: little could be compared.")
    return DEVIATES if found.deviations else 0


def _sessions(name: str | None) -> tuple[Any, Any]:
    """Open a session at the Keystone, and one for the service with its TLS."""
    import requests
    from keystoneauth1 import session as ksa
    from openstack import config
    from openstack import exceptions as sdk

    name = name or os.environ.get("OS_CLOUD")
    try:
        with warnings.catch_warnings():
            # openstacksdk warns of a part of itself that nobody asked for
            warnings.simplefilter("ignore")
            region = config.OpenStackConfig().get_one(name)
        auth = region.get_auth()
        verify, cert = region.get_requests_verify_args()
    except (sdk.ConfigException, sdk.SDKException) as error:
        text = str(error).splitlines()[0]
        raise Problem(
            f"The cloud {name or 'of OS_*'} cannot be used: {text}. "
            "Set --os-cloud or OS_CLOUD to an entry of clouds.yaml."
        ) from None
    http = requests.Session()
    http.verify, http.cert = verify, cert
    return ksa.Session(auth, verify=verify, cert=cert, timeout=30), http
