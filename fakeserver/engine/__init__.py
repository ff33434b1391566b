"""What an operation does: rules, plans, the runner, the steps."""
