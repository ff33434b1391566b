"""Fill a record from an operation, or from the journal of a plan."""
