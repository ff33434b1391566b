"""Reads of both sites, put together."""
