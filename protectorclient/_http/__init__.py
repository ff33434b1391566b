"""Below the client: sessions, their limits, and who speaks on the wire."""
