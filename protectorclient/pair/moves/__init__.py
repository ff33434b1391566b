"""Prepare the actions of a pair, check them, send them to the right site."""
