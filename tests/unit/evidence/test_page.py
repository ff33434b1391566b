"""The pages of a report: for every browser, and without any of others."""

import dataclasses
import html.parser
import importlib.util
import pathlib
import re

import pytest

from protectorclient.evidence import judge
from protectorclient.evidence import record as r
from protectorclient.evidence.html import page, palette, timeline, trend
from tests.helpers import evidence_samples as samples

HOSTILE = (
    "\x1b[31m\x00\u202e\ud800</style></title><script>alert(1)</script>"
    "\"' onload=x {{ 7*7 }} {% raw %} &amp;\n" + 200 * "x"
)
VOID = {"meta", "br", "hr", "img", "link", "input"}
#: Attributes of a browser's own; any other name is a mistake or an attack.
SAFE_URL = re.compile(r"#[\w-]+")


class Page(html.parser.HTMLParser):
    """A page, read by a strict reader."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def attributes(self, name: str) -> list[str]:
        return [found[name] for _, found in self.tags if name in found]

    def text_of(self, tag: str) -> str:
        return "".join(text for where, text in self.texts if where == tag)

    @property
    def all_text(self) -> str:
        return "".join(t for tag, t in self.texts if tag != "style")


def record_of(name: str) -> r.Record:
    made = {
        "one": samples.drill,
        "worst": samples.worst,
        "sixty": samples.many,
        "hostile": lambda: samples.hostile(HOSTILE),
        "empty": lambda: samples.drill(
            kind=r.Kind.PLAN, groups=(), sites=(), versions={}
        ),
    }
    return judge.judged(made[name]())


PAGES = ("one", "worst", "sixty", "hostile", "empty", "trend", "no trend")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Return the text of each page."""
    points = samples.trend()
    return {
        **{name: page.text(record_of(name)) for name in PAGES[:5]},
        "trend": trend.text(
            [*points, dataclasses.replace(points[0], group=HOSTILE)]
        ),
        "no trend": trend.text([]),
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_alone(name: str, texts: dict[str, str]) -> None:
    text = texts[name]
    found = Page(text)
    tags = {tag for tag, _ in found.tags}
    assert not tags & {
        "script", "link", "img", "iframe", "object", "embed", "form", "base",
        "use", "image", "foreignobject", "a:href",
    }  # fmt: skip
    for attribute in ("src", "srcset", "action", "style", "xlink:href"):
        assert found.attributes(attribute) == []
    assert not [a for _, one in found.tags for a in one if a.startswith("on")]
    links = found.attributes("href")
    assert all(SAFE_URL.fullmatch(one) for one in links), links
    style = found.text_of("style")
    assert "@import" not in style
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {"#hatch"}
    assert "://" not in re.sub(r"&\w+;", "", style)
    assert "default-src &#39;none&#39;" in text or (
        "default-src 'none'" in text
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_everybody(
    name: str, texts: dict[str, str]
) -> None:
    found = Page(texts[name])
    assert texts[name].startswith("<!DOCTYPE html>")
    assert dict(found.tags[0:1]) == {"html": {"lang": "en"}}
    assert found.text_of("title").strip()
    levels = [
        int(tag[1]) for tag, _ in found.tags if re.fullmatch("h[1-6]", tag)
    ]
    assert levels.count(1) == 1
    assert levels[0] == 1
    for before, after in zip(levels, levels[1:], strict=False):
        assert after <= before + 1, levels
    identities = [one for one in found.attributes("id") if one != "hatch"]
    assert len(set(identities)) == len(identities)
    wanted = {one.removeprefix("#") for one in found.attributes("href")}
    wanted |= set(found.attributes("aria-labelledby"))
    assert wanted <= set(identities)
    for tag, attributes in found.tags:
        if tag == "th":
            assert "scope" in attributes
        if tag == "svg" and "role" in attributes:
            assert attributes["aria-label"]


@pytest.mark.parametrize("name", PAGES[:5])
def test_there_is_one_verdict_in_words_and_shape(
    name: str, texts: dict[str, str]
) -> None:
    record = record_of(name)
    text = texts[name]
    assert text.count('id="verdict"') == 1
    line = next(one for one in text.splitlines() if 'id="verdict"' in one)
    # before all else that is shown
    assert text.index(line) < text.index("<h1")
    assert f"<span>{page.VERDICTS[record.verdict]}</span>" in line
    assert "<svg" in line


def test_each_verdict_has_a_shape_of_its_own() -> None:
    shapes = page.environment().get_template("shapes.html.j2").module
    drawn = {str(shapes.shape(name)) for name in page.VERDICTS}  # type: ignore[attr-defined]
    assert len(drawn) == len(page.VERDICTS)


@pytest.mark.parametrize("name", ["hostile", "trend"])
def test_a_hostile_text_is_a_text(name: str, texts: dict[str, str]) -> None:
    text = texts[name]
    for raw in ("\x1b", "\x00", "\u202e", "\ud800", "<script", "49 {%"):
        assert raw not in text
    text.encode("utf-8")
    shown = Page(text).all_text
    assert "\\x1b[31m\\x00\\u202e\\ud800</style></title><script>" in shown
    assert "{{ 7*7 }}" in shown


def test_the_failures_and_their_advice_are_shown(
    texts: dict[str, str],
) -> None:
    shown = " ".join(Page(texts["worst"]).all_text.split())
    for group in record_of("worst").groups:
        for one in group.failures:
            assert one.message in shown
            for line in one.advice:
                assert line in shown
    for one in record_of("worst").gaps:
        assert one.message in shown
    for said in ("az-3", "row 7 is missing", "an order of jane@ops"):
        assert said in shown


def test_values_that_were_left_out_are_called_so() -> None:
    from protectorclient.evidence import document

    record = judge.judged(document.without_values(samples.worst()))
    text = page.text(record)
    assert "m1.large" not in text
    assert "left out" in text


# -- the palettes


@pytest.mark.parametrize("name", ["LIGHT", "DARK"])
def test_colours_can_be_told_apart(name: str) -> None:
    colours = getattr(palette, name)
    for pairs, least in (
        (palette.TEXT, palette.TEXT_LEAST),
        (palette.SHAPES, palette.SHAPES_LEAST),
    ):
        for one, other in pairs:
            found = palette.contrast(colours[one], colours[other])
            assert found >= least, f"{one} on {other}: {found:.2f}"


def test_the_contrast_is_that_of_the_guidelines() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.478, 1e-3)


def test_the_style_has_only_colours_of_the_palettes(
    texts: dict[str, str],
) -> None:
    assert set(palette.LIGHT) == set(palette.DARK)
    style = Page(texts["one"]).text_of("style")
    known = {*palette.LIGHT.values(), *palette.DARK.values()}
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", style)) == known
    used = set(re.findall(r"var\(--([\w-]+)\)", style))
    assert used <= set(palette.LIGHT)


# -- the timeline


def test_a_step_lies_where_it_was() -> None:
    (drawing,) = timeline.charts(samples.drill())
    (row,) = drawing.rows
    # of 112.5 s until the answer
    assert [bar.left for bar in row.bars][:3] == [0.0, 3.556, 8.889]
    assert [bar.number for bar in row.bars] == ["", "2", "3", "4", "5", ""]
    assert [mark.left for mark in row.marks] == [92.444, 100.0]
    assert [tick.label for tick in drawing.ticks] == [
        "0",
        "30s",
        "1m",
        "1m 30s",
    ]


def test_sixty_groups_are_drawn_sixteen_to_a_page() -> None:
    found = timeline.charts(samples.many(60))
    assert [len(one.rows) for one in found] == [16, 16, 16, 12]
    for drawing in found:
        for row in drawing.rows:
            for bar in row.bars:
                assert 0 <= bar.left <= bar.left + bar.width <= 100.001


def test_steps_whose_ends_nobody_has_seen_are_one_bar() -> None:
    def step(began: float | None, ended: float | None) -> r.Step:
        return r.Step(
            name="x",
            state=r.StepState.DONE,
            began_at=None if began is None else samples.after(began),
            ended_at=None if ended is None else samples.after(ended),
        )

    group = samples.group(
        ended_at=samples.after(100),
        rto=r.RecoveryTime(),
        steps=(
            step(0, None),
            step(None, None),
            step(40, 60),
            step(60, None),
            step(None, None),
        ),
    )
    (chart,) = timeline.charts(samples.drill(group))
    bars = [(one.left, one.width, one.number) for one in chart.rows[0].bars]
    assert bars == [(0, 40, "1-2"), (40, 20, "3"), (60, 40, "4-5")]


def test_without_times_of_steps_the_operations_are_drawn() -> None:
    bare = dataclasses.replace(
        samples.group(),
        steps=(r.Step(name="x", state=r.StepState.DONE),),
    )
    (drawing,) = timeline.charts(samples.drill(bare))
    titles = [bar.title for bar in drawing.rows[0].bars]
    assert titles == ["test_failover: 1m 38s", "test_cleanup: 19s"]
    assert timeline.charts(samples.drill(groups=())) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("x" * 30, "x" * 30),
        ("x" * 31, "x" * 29 + "…"),
        ("本" * 16, "本" * 14 + "…"),
        ("a\nb\u202e", "a\\nb\\u202e"),
    ],
)
def test_a_label_is_never_wider_than_a_telephone(
    text: str, shown: str
) -> None:
    assert timeline.shortened(text) == shown


# -- the trend


def test_a_group_of_one_drill_has_a_plot_too() -> None:
    found = trend.plot("x", [samples.trend()[0]])
    assert [len(line.dots) for line in found.lines] == [1, 1]
    assert found.lines[0].dots[0].x == 50.0


def test_a_drill_that_did_not_come_back_has_no_dot() -> None:
    points = [one for one in samples.trend() if one.group == "app-1"]
    found = trend.plot("app-1", points)
    assert [len(line.dots) for line in found.lines] == [6, 7]
    xs = [dot.x for dot in found.lines[1].dots]
    assert (xs[0], xs[-1]) == (3.0, 97.0)
    assert xs == sorted(xs)
    # the highest value is below the edge
    assert min(d.y for line in found.lines for d in line.dots) > 0


def test_without_chromium_make_look_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location(
        "look", pathlib.Path(__file__).parents[3] / "tools" / "look.py"
    )
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setenv("PATH", "/nowhere")
    assert tool.main() == 1
    said = "install chromium: apt-get install chromium\n"
    assert capsys.readouterr() == ("", said)
