"""``protector plan``: recovery plans, and the runs of them."""
