"""The two sites of a sandbox as two processes on one machine."""
