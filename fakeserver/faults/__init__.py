"""Faults to inject: the kinds, the places, and what was asked for."""
