"""The error of a command that cannot do what it was asked."""

import sys


class Problem(Exception):
    """One sentence for people; the command ends with this code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def say(text: str) -> None:
    """Print a line for people on stderr; stdout is for what a shell can
    use."""
    print(text, file=sys.stderr, flush=True)
