"""Asking sites: at once, and again and again until something has ended."""
