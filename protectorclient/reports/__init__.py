"""Reports for a person, from the facts of both sites."""
