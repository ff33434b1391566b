"""What a run that is a drill does more: examine each test, and remove it."""
