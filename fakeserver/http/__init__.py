"""The HTTP server of a site."""
