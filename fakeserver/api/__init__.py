"""The protector API over HTTP."""
