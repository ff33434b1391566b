"""Mappings: which resource takes the place of which at the other site."""
