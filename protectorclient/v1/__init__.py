"""Version 1 of the API: a client, a record and a manager for each noun."""

from protectorclient.v1.client import Client

__all__ = ["Client"]
