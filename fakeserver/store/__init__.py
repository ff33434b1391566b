"""What the protector service of one site keeps on disk."""
