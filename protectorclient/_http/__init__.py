"""Send requests within limits, and read who answered."""
