"""What the facts of both sites amount to, for a person to read."""
