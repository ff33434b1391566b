"""What a group's metadata hold, compared with what is at both sites now."""
