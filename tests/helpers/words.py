"""The words that this project has given up, and the texts that it has.

Many readers have another mother tongue. A word stands here because a reader
had to guess what it meant in the sentence where it stood.
"""

import ast
import dataclasses
import pathlib
import re
from collections.abc import Iterator

TREE = pathlib.Path(__file__).resolve().parents[2]

#: What is not written any more, as whole words: what is written in its place.
GIVEN_UP: dict[str, str] = {
    r"stakes?": "impact",
    r"outlook": "forecast",
    r"settl(?:e|es|ed|ing)": "end, resolve, complete",
    r"tell|tells|telling|told": "say, report, print, show, ask",
    r"fates?": "outcome",
    r"patien(?:ce|t|tly)|impatient(?:ly)?": "deadline, timeout, retry",
    r"strays?": "leftovers, orphans",
    r"remains": "leftovers, is still",
    r"what (?:is|was) left": "leftovers, the other site, the rest",
    r"(?:is|are|was|were|be|been) said": "the one who says it",
    r"(?:is|are|was|were) away": "does not answer, is down",
    r"fires?|burn(?:s|ing)?": "outage, is down, fault",
    r"safe to press": "before an action is sent",
    r"(?:making|makes?) it go wrong": "faults",
    r"nights?": "the scenario, the time",
    r"stor(?:y|ies)": "log, history, sequence",
    r"truths?(?! value)": "record, state",
    r"the world is": "the condition",
    r"(?:go(?:es)?|bring|brings|way) home": "failback",
    r"ways? (?:back|out)": "failback, recovery",
    r"becom(?:e|es|ing) of|became of": "result, outcome",
    r"remed(?:y|ies)": "fix",
    r"mend(?:s|ed|ing)?": "fix, repair",
    r"troubles?": "problem, failure",
    r"holds? no": "is empty, has no",
    r"takes? the place": "matches, replaces",
    r"(?:say|says|said|saying) nothing": "does not answer, prints nothing",
    r"no word": "does not answer",
    r"doubts?": "unknown, contradictory",
    r"blows?": "fault",
    r"strikes?|struck": "apply, inject",
    r"heed(?:s|ed)?": "honour, use",
    r"journals?(?!\.jsonl)": "audit log, request log",
    r"makes? up for": "repeat, complete",
    r"on its way": "in transit",
}
_PATTERN = re.compile(
    "|".join(rf"\b(?:{words})\b" for words in GIVEN_UP), re.IGNORECASE
)

#: Sentences that stay as they are: what others wrote, and names of ours.
EXEMPT: dict[str, str] = {
    "protector-sandbox journal": "a command, as it has always been spelt",
    "remains stuck after engine restart": "the page of the product",
}

#: The journal of a plan's run, or of a drill, is called so; nothing else is.
_PLANS = re.compile(
    r"(?:^|[/_\W])(?:plan|drill)s?(?:$|[/_.\W])", re.IGNORECASE
)
_JOURNAL = re.compile(r"journals?$", re.IGNORECASE)

PACKAGES = ("protectorclient", "fakeserver")
PROGRAMS = ("benchmarks", "tools", "doc/ext")
PAGES = (
    "README.rst",
    "CONTRIBUTING.rst",
    "CHANGES.rst",
    "Makefile",
    "benchmarks",
    "doc",
)


#: Names of one word that say in what state something is, not what it is.
_PARTICIPLE = re.compile(
    r"_?(?:[A-Z][a-z]*(?:ed|ing)|Lost|Known|Kept|Seen|Told|Given|Made|Held"
    r"|Gone|Sent|Found|Taken|Shown|Written|Unknown)"
)
#: Nouns that only look like one; *Unauthorized* is what HTTP calls a 401.
NOUNS = {
    "Unauthorized",
    "Thing",
    "Nothing",
    "Finding",
    "Mapping",
    "Networking",
}


@dataclasses.dataclass(frozen=True)
class Text:
    """One piece of text for people, and where it stands."""

    path: str
    line: int
    words: str

    def given_up(self) -> list[str]:
        """The words in it that are given up, as they stand there."""
        words = " ".join(self.words.split())
        for sentence in EXEMPT:
            words = words.replace(sentence, "")
        of_plans = _PLANS.search(self.path) or _PLANS.search(words)
        return [
            found[0]
            for found in _PATTERN.finditer(words)
            if not (of_plans and _JOURNAL.match(found[0]))
        ]

    def __str__(self) -> str:
        words = ", ".join(self.given_up())
        return f"{self.path}:{self.line}: {words}: {self.words.strip()!r}"


def parts() -> list[str]:
    """Where texts are: each folder of a package, and all else by its name."""
    found = set()
    for package in PACKAGES:
        for path in (TREE / package).rglob("*.py"):
            below = path.relative_to(TREE).parts
            found.add("/".join(below[:2]) if len(below) > 2 else package)
    return sorted(found) + [*PROGRAMS, "pages"]


def texts(part: str) -> Iterator[Text]:
    """Every piece of text for people in one part."""
    if part == "pages":
        for name in PAGES:
            path = TREE / name
            for page in (
                sorted(path.rglob("*.rst")) if path.is_dir() else [path]
            ):
                if page.exists():
                    yield from of_page(page)
        return
    for path in modules(part):
        yield from of_module(path)


def modules(part: str) -> list[pathlib.Path]:
    """The modules of one part."""
    folder = TREE / part
    below = "*.py" if part in PACKAGES else "**/*.py"
    return sorted(folder.glob(below))


def of_module(path: pathlib.Path) -> Iterator[Text]:
    """Names, first lines of docstrings, and strings that are sentences."""
    where = path.relative_to(TREE).as_posix()
    yield Text(where, 1, path.stem.replace("_", " "))
    tree = ast.parse(path.read_text())
    aside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield Text(where, node.lineno, in_words(node.name))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Module):
            docstring = ast.get_docstring(node)
            if docstring:
                first = node.body[0]
                assert isinstance(first, ast.Expr)
                aside.add(id(first.value))
                paragraph = docstring.partition("\n\n")[0]
                yield Text(where, first.lineno, without_code(paragraph))
        if isinstance(node, ast.JoinedStr):
            aside |= {id(value) for value in node.values}
    for node in ast.walk(tree):
        words = "" if id(node) in aside else string(node)
        if " " in words.strip():
            yield Text(where, getattr(node, "lineno", 0), words)


#: A function's docstring begins with a verb, so with none of these.
NO_VERBS = frozenset(
    [
        "A",
        "An",
        "All",
        "By",
        "Every",
        "How",
        "No",
        "Nothing",
        "One",
        "The",
        "There",
        "What",
        "When",
        "Where",
        "Whether",
        "Which",
        "Who",
        "Whose",
        "Why",
    ]
)


def without_verb(part: str) -> Iterator[str]:
    """Functions of one part whose docstring does not begin with a verb."""
    for path in modules(part):
        where = path.relative_to(TREE).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                first = (ast.get_docstring(node) or "").partition(" ")[0]
                if first in NO_VERBS:
                    yield f"{where}:{node.lineno}: {node.name}: {first} ..."


def class_names(part: str) -> Iterator[str]:
    """What is wrong with the names of the classes of one part."""
    for path in modules(part):
        where = path.relative_to(TREE).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                for wrong in wrong_name(node):
                    yield f"{where}:{node.lineno}: {node.name}: {wrong}"


def wrong_name(node: ast.ClassDef) -> Iterator[str]:
    """Why a class should have another name."""
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    # the events of an operation are called as their JSON calls them
    if (
        _PARTICIPLE.fullmatch(node.name)
        and node.name not in NOUNS
        and "Event" not in bases
    ):
        yield "a participle; a noun says what it is"
    called = [
        argument.arg
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "__call__"
        for argument in method.args.args
    ]
    if "environ" in called and not node.name.endswith("Middleware"):
        yield "wraps a WSGI application; its name ends in Middleware"


def string(node: ast.AST) -> str:
    """What a string says; what is put into it at run time is ``{}``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(string(value) or "{}" for value in node.values)
    return ""


def in_words(name: str) -> str:
    """A name of the code as the words that it is made of."""
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return apart.replace("_", " ").lower()


def without_code(text: str) -> str:
    """Text without what is set as code in it."""
    return re.sub(r"``.+?``|:[\w:]+:`[^`]+`", "", text, flags=re.DOTALL)


def of_page(path: pathlib.Path) -> Iterator[Text]:
    """The paragraphs of a page, headings too; what is set as code is not."""
    where = path.relative_to(TREE).as_posix()
    code_at: int | None = None  # the indent that a block of code has passed
    paragraph: list[str] = []
    begun = 0
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        indent = len(line) - len(line.lstrip())
        if line.strip() and code_at is not None and indent <= code_at:
            code_at = None
        if paragraph and re.match(r"\s*([*-]|#\.) ", line):
            yield Text(where, begun, without_code("\n".join(paragraph)))
            paragraph = []
        if line.strip() and code_at is None:
            begun = begun if paragraph else number
            paragraph.append(line)
            if re.match(r"\s*\.\. (code-block|literalinclude)::", line):
                code_at = indent
            continue
        if not line.strip() and paragraph:
            if paragraph[-1].rstrip().endswith("::"):
                last = paragraph[-1]
                code_at = len(last) - len(last.lstrip())
            yield Text(where, begun, without_code("\n".join(paragraph)))
            paragraph = []
