"""The engine: admits operations, runs them, and keeps both sites in sync."""
