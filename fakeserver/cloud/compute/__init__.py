"""The emulated Nova, and the Glance that it needs."""
