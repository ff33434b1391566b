"""Open clouds.yaml and explain in a sentence what is wrong with it.

openstack.config trusts what it reads: a file of another shape ends in
whatever Python says of the first thing that does not fit. Here its errors
become a `ConfigProblem` that names the file, the entry and the key or the
variable, and says what is expected there.
"""
