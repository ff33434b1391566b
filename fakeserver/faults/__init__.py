"""Faults to inject: their kinds, their points, and the rules that ask for
them."""
