"""Holds a real deployment's answers against the description and the model."""
