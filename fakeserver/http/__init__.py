"""How a site is reached over HTTP."""
