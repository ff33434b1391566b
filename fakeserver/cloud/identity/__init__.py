"""The emulated Keystone."""
