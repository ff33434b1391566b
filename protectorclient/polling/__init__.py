"""Following operations by asking again and again."""
