"""What the service knows and checks apart from operations."""
