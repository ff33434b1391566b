"""The emulated Cinder."""
