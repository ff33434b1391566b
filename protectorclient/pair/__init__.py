"""Both sites of a pair, and what is asked of them together."""

from protectorclient.pair.site_pair import SitePair as SitePair
