"""Keep what a read has found out of both sites, for the next command.

Off by default. It holds tokens, so that a folder and its files are the
user's alone, and what is found otherwise is not read. Only reads use it:
what proves a death, checks, or changes anything signs in anew.
"""
