"""Suggest the command that misspelt words mean."""

from __future__ import annotations

import dataclasses
import difflib
import shlex
from collections.abc import Iterable, Sequence

#: Words of other tools -> ours.
SAME = {
    "pg": "protection-group",
    "cg": "consistency-group",
    "op": "operation",
    "ops": "operation",
    "ls": "list",
    "get": "show",
    "describe": "show",
    "info": "show",
    "new": "create",
    "rm": "delete",
    "update": "set",
    "drills": "drill",
}
#: What a word has in common with another one, from which it may be meant.
_ALIKE = 0.72
#: So much worse than the best, and no longer worth a line.
_NEAR = 0.12
#: Words after which arguments are taken to begin.
_LONGEST = 4


@dataclasses.dataclass(frozen=True)
class Meant:
    """A command that may be meant, and what stands after it."""

    command: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.command, *map(shlex.quote, self.arguments)))


def near(argv: Sequence[str], commands: Iterable[str]) -> list[Meant]:
    """Return the commands that are nearest to what was typed.

    All the words of a command count most, misspelt or not; then its last
    word, which says what is to be done; then its noun alone.

    :param argv: what was typed, without the name of the program.
    :param commands: all that there are.
    :returns: the best, in order; none where nothing is near.
    """
    words = _leading(argv)
    scored = [
        (score, Meant(command, tuple(argv[used:])))
        for command in commands
        for score, used in [_best(words, command.split())]
        if score
    ]
    best = max((score for score, _ in scored), default=0.0)
    kept = [one for one in scored if one[0] >= best - _NEAR]
    kept.sort(key=lambda one: (-one[0], one[1].command))
    found = [meant for _, meant in kept]
    if len(found) > 1:
        # a choice; what stands after it belongs to only one of them
        found = [Meant(meant.command) for meant in found]
    return found


def correction(
    program: str, argv: Sequence[str], commands: Iterable[str]
) -> list[str]:
    """Return a sentence, then each command to type instead.

    :param program: what stands before the words of a command.
    """
    first = argv[0] if argv else ""
    if first.startswith("-") and first.strip("-"):
        return [
            f"{program}: there is no option {first.partition('=')[0]} before"
            " a command; the options of a command stand after it:",
            f"{program} --help",
        ]
    typed = " ".join(_leading(argv)) or first
    lines = [f"{program}: there is no command '{typed}'"]
    found = near(argv, commands)
    if found:
        lines[0] += "; did you mean:"
        return [*lines, *(f"{program} {meant}" for meant in found)]
    return [f"{lines[0]}; all commands:", f"{program} --help"]


def listing(program: str, commands: Iterable[str]) -> list[str]:
    """List all commands, where none was named."""
    return [
        f"usage: {program} [options] <command> ...",
        "",
        "commands:",
        *(f"  {name}" for name in sorted(commands)),
        "",
        "Short: pg for protection-group, cg for consistency-group, op for"
        " operation.",
        f"See '{program} <command> --help'.",
    ]


def _leading(argv: Sequence[str]) -> list[str]:
    """Return the words that may name a command: those before the options."""
    words: list[str] = []
    for word in argv[:_LONGEST]:
        if word.startswith("-"):
            break
        words.append(word)
    return words


def _best(words: Sequence[str], command: Sequence[str]) -> tuple[float, int]:
    """Return the score of the words as typed, or of how they may be meant."""
    scores = [_score(words, command)]
    if len(words) > 1:
        first, second, *rest = words
        # "protection group list", "failover protection-group"
        score, used = _score([f"{first}-{second}", *rest], command)
        scores.append((score - 0.05, used + 1))
        score, used = _score([second, first, *rest], command)
        scores.append((score - 0.05 if used > 1 else 0.0, used))
    return max(scores)


def _score(words: Sequence[str], command: Sequence[str]) -> tuple[float, int]:
    """Return how near it is, and how many of the words are used up by it."""
    noun, verb = command[:-1], command[-1]
    scores = [(3 * _together(words, command), len(command))]
    if words and words[0].replace("_", "-") == "-".join(command):
        scores.append((3.0, 1))
    scores += [
        (2 * _word(word, verb) - 0.1 * place, place + 1)
        for place, word in enumerate(words)
        if _word(word, verb)
    ]
    if noun:
        scores.append((1.5 * _together(words, noun), len(noun)))
        scores.append((1.3 * _together(words, noun[-1:]), 1))
    return max(scores)


def _together(words: Sequence[str], command: Sequence[str]) -> float:
    """Return how alike the first words are to all those of a command."""
    if not command or len(words) < len(command):
        return 0.0
    pairs = zip(words, command, strict=False)
    found = [_word(word, other) for word, other in pairs]
    return sum(found) / len(found) if all(found) else 0.0


def _word(typed: str, word: str) -> float:
    """Return how alike two words are, from 0 to 1."""
    typed = typed.lower().replace("_", "-")
    typed = SAME.get(typed, typed)
    if typed == word:
        return 1.0
    if len(typed) > 2 and (word.startswith(typed) or typed in word.split("-")):
        return 0.9
    ratio = difflib.SequenceMatcher(None, typed, word).ratio()
    return 0.95 * ratio if ratio >= _ALIKE else 0.0
