"""What Nova does with one server."""
