"""A client over a site whose answers are canned."""

from tests.helpers.canned_fixtures import (
    make_site,
    requests_are_mocked,
    site,
)

__all__ = ["make_site", "requests_are_mocked", "site"]
