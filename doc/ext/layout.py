"""The layout of the packages, as the test of the layers holds it."""

import ast
import pathlib
import tomllib
from collections.abc import Iterator

TREE = pathlib.Path(__file__).resolve().parents[2]
LAYERS = TREE / "tests" / "unit" / "test_layers.py"
WHERE = TREE / "tests" / "helpers" / "where.toml"


def rows(package: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a package, from the ground up."""
    for node in ast.walk(ast.parse(LAYERS.read_text())):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == "ROWS"
            and node.value is not None
        ):
            found: dict[str, tuple[tuple[str, ...], ...]]
            found = ast.literal_eval(node.value)
            return found[package]
    raise LookupError(f"there are no ROWS in {LAYERS}")


def summary(package: str, part: str) -> str:
    """Return the first paragraph of a part's docstring."""
    path = TREE.joinpath(package, *part.split("."))
    module = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(module.read_text())) or ""
    return " ".join(docstring.partition("\n\n")[0].split())


def picture(package: str) -> Iterator[str]:
    """Yield the rows of a package, the highest one first."""
    yield f".. list-table:: ``{package}``"
    yield "   :widths: 25 75"
    yield ""
    for row in reversed(rows(package)):
        names = " ".join(f"``{name}``" for name in row)
        yield f"   * - {names}"
        marker = "     -"
        for part in row:
            words = summary(package, part).replace("|", r"\|")
            yield f"{marker} | {words}"
            marker = "      "
    yield ""


def tests(package: str) -> Iterator[str]:
    """Yield the test files of each part of a package, the nearest first."""
    found = tomllib.loads(WHERE.read_text())[package]
    yield f".. list-table:: ``{package}``"
    yield "   :widths: 35 65"
    yield ""
    for part, files in found.items():
        yield f"   * - ``{part}``"
        yield f"     - {', '.join(f'``{name}``' for name in files)}"
    yield ""
