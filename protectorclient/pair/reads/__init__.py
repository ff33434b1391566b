"""Read both sites, and put the answers together."""
