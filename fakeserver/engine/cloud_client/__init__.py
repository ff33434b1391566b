"""The engine's way to any cloud, emulated or real."""
