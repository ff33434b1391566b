"""The engine's client of a cloud, emulated or real."""
