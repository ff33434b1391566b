"""Where a fault strikes."""

import fnmatch

_WILD = "*?["


def fits(pattern: str, subject: str) -> bool:
    """A shell pattern; a word without wildcards fits where it is found."""
    if not any(sign in pattern for sign in _WILD):
        pattern = f"*{pattern}*"
    return fnmatch.fnmatchcase(subject, pattern)


def fits_point(pattern: str, point: str) -> bool:
    """STEP fits a step, and STEP/NAME a thing of it: web-1 is not web-10."""
    step, of_thing, thing = pattern.partition("/")
    at, at_thing, name = point.partition("/")
    if of_thing != at_thing or not fits(step, at):
        return False
    return not of_thing or fnmatch.fnmatchcase(name, thing)
