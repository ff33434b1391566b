"""What the emulated services share: tables, HTTP, quotas."""
