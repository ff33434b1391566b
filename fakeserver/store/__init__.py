"""The database of one site's protector service."""
