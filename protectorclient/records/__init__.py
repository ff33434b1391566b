"""Typed, frozen records of what a service sends."""
