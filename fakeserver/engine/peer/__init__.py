"""What two services tell each other of a group."""
