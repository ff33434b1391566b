"""What a command says when it cannot do what it was asked."""


class Problem(Exception):
    """One sentence for people; the command ends with this code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
