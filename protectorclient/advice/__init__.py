"""From what went wrong to the likely cause, the fix and the command."""
