"""Helpers that add the API's routes to a blueprint."""

from collections.abc import Callable

from flask import Response

from fakeserver.base.routes import Blueprint

View = Callable[..., Response]

TENANT = "/v1/<tenant_id>"
GROUP = f"{TENANT}/protection-groups/<pg_id>"


class Routes:
    """Collects the routes of one noun for its blueprint.

    Flask answers OPTIONS by itself, which would be an answer without a
    token at an address that needs one: here a method that is not described
    is not possible.
    """

    def __init__(self, name: str) -> None:
        self.blueprint = Blueprint(f"protector-{name}", __name__)

    def add(self, method: str, path: str, view: View) -> None:
        self.blueprint.add_url_rule(
            path,
            endpoint=f"{method}-{path}".replace(".", "-"),
            view_func=view,
            methods=[method],
            strict_slashes=False,
            provide_automatic_options=False,
        )
