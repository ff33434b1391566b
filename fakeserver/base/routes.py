"""Flask routes that are added quickly.

Each site has some two hundred of them, the same ones as any other site, and
only its own functions behind them; a suite of tests starts thousands of
sites.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any

import flask
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.routing import Map, Rule


class _MatchOnlyRule(Rule):
    """A route that is matched, and never built into an address.

    What werkzeug prepares for building takes most of the time in which a
    site starts; without it a test has its two sites in a third of that.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        return _never_built


def _never_built(rule: Rule, **values: Any) -> tuple[str, str]:
    raise NotImplementedError(f"{rule.rule} is only matched")


class Application(flask.Flask):
    """An application whose addresses are compiled once in a process.

    One with other addresses is another class, with a ``_worked_out`` of its
    own.
    """

    url_rule_class = _MatchOnlyRule
    _worked_out: Map | None = None
    _turn = threading.Lock()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function as it is: none of a site's is asynchronous.

        Flask asks at each request, for each of its five functions.
        """
        return func

    @property
    def knows_its_addresses(self) -> bool:
        """Return whether only the functions behind the routes are missing."""
        return self.url_map is self._worked_out

    def take(self, blueprints: Iterable[flask.Blueprint]) -> None:
        """Register blueprints that are the same for every site."""
        with self._turn:
            if self._worked_out is not None:
                self.url_map = self._worked_out
            for blueprint in blueprints:
                self.register_blueprint(blueprint)
            type(self)._worked_out = self.url_map


class Blueprint(flask.Blueprint):
    """A blueprint that collects its routes, and adds them all at once.

    Flask's own asks at each route, twice, whether it comes too late, and
    looks on disk for the folder of each blueprint, of which nothing is
    served.
    """

    def __init__(
        self, name: str, import_name: str, *, url_prefix: str | None = None
    ) -> None:
        super().__init__(
            name, import_name, url_prefix=url_prefix, root_path="."
        )
        self._routes: list[tuple[str, str, Any, dict[str, Any]]] = []
        self.record(self._add_to)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        options["provide_automatic_options"] = provide_automatic_options
        name = endpoint or view_func.__name__
        self._routes.append((rule, name, view_func, options))

    def _add_to(self, state: BlueprintSetupState) -> None:
        app = state.app
        if isinstance(app, Application) and app.knows_its_addresses:
            app.view_functions.update(
                (f"{self.name}.{name}", view)
                for _, name, view, _ in self._routes
            )
            return
        for rule, name, view, options in self._routes:
            state.add_url_rule(rule, name, view, **options)
