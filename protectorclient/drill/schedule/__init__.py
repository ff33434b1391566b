"""Drills that a timer begins: which one is next, and when."""
