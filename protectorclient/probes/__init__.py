"""Ask the application of rebuilt instances whether it answers."""
