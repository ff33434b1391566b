"""Two sites as two processes on one machine, up and down."""
