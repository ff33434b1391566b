"""Compare rebuilt instances with their sources, attribute by attribute."""
