import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from tests.report.markup import HOSTILE, dots_of, drawn, texts
from weaklabel.page.charts import Estimate, Line, bars, calibration, dots, heat_map, histogram, lines
from weaklabel.page.svg import FAINT, INK, SERIES, name_in_chart

E = Estimate
NAMES = ["majority", HOSTILE, "never"]
VALUES = [E(0.5, 0.4, 0.6), E(0.75), None]
X = [0.0, 1.0, 2.0]

CHARTS = {
    "bars": lambda: bars(NAMES, {"precision": VALUES, "_recall": VALUES}, "score", alt="bars"),
    "dots": lambda: dots(NAMES, VALUES, "score", alt="dots", reference=0.5),
    "lines": lambda: lines({HOSTILE: Line(X, [0.1, None, 0.3]), "b": Line(X, X, X, X)}, "n", "score", alt="lines"),
    "histogram": lambda: histogram([3, 0, 5], [0.0, 0.5, 0.75, 1.0], "confidence", alt="histogram"),
    "calibration": lambda: calibration([0.6, 0.7, 0.9], [0.5, 0.0, 0.8], [10, 0, 90], alt="calibration"),
    "heat_map": lambda: heat_map([[0.1, None], [0.3, 0.4]], NAMES[:2], ["a", "b"], "conflicts", alt=HOSTILE),
    "large heat_map": lambda: heat_map(np.eye(40).tolist(), ["lf"] * 40, ["lf"] * 40, "overlaps", alt="large"),
}


@pytest.fixture(scope="module")
def charts():
    return {name: draw() for name, draw in CHARTS.items()}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_belongs_to_its_page(charts, name):
    root = drawn(charts[name])
    assert root.tag == "svg" and root.get("role") == "img" and root.get("aria-label")
    assert root.get("viewBox") and root.get("width") is None
    assert "currentColor" in charts[name] and "font-family" not in charts[name] and "<style" not in charts[name]
    assert not any(stand_in in charts[name] for stand_in in (INK, FAINT, *SERIES))
    assert "http" not in charts[name] and "<script" not in charts[name]


@pytest.mark.parametrize("name", CHARTS)
def test_the_same_data_give_the_same_bytes_whatever_the_user_has_set(charts, name):
    import matplotlib

    with matplotlib.rc_context({"font.size": 33, "svg.fonttype": "path", "axes.grid": True}):
        assert CHARTS[name]() == charts[name]
        assert matplotlib.rcParams["font.size"] == 33


def test_nothing_of_pyplot_is_touched():
    code = "import sys\nfrom weaklabel.page.charts import *\ndots(['a'], [Estimate(1)], 'x', alt='x')\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}print('matplotlib.pyplot' in sys.modules)"], capture_output=True
    )
    assert done.stdout.split() == [b"False"], done.stderr


def test_text_stays_text_and_names_are_shown_letter_for_letter(charts):
    shown = name_in_chart(HOSTILE)
    assert shown in texts(charts["bars"]) and shown in texts(charts["dots"]) and shown in texts(charts["heat_map"])
    assert "majority" in texts(charts["dots"]) and "score" in texts(charts["dots"])


def test_a_legend_names_every_series_and_none_where_there_is_one(charts):
    assert {"precision", "_recall"} <= set(texts(charts["bars"]))
    assert "alone" not in texts(bars(["a"], {"alone": [E(0.5)]}, "score", alt="one"))


def test_dots_stand_where_the_values_are():
    values = [0.2, 0.5, 0.9, 0.3]
    places = dots_of(dots(list("abcd"), [*map(E, values[:3]), None], "score", alt="x"))
    x, y = zip(*places, strict=True)
    assert len(places) == 3 and y == tuple(sorted(y))
    assert (x[2] - x[1]) / (x[1] - x[0]) == pytest.approx(4 / 3, rel=1e-3)


def test_bars_begin_at_zero_and_are_as_long_as_their_values():
    svg = bars(["a", "b"], {"s": [E(0.25), E(0.75)]}, "score", alt="x")
    result = [path.get("d") for path in drawn(svg).iter("path") if "--series-1" in (path.get("style") or "")]
    (left, right), (other, far) = [
        (min(x), max(x)) for x in ([float(at) for at in re.findall(r"[ML] (\S+)", d)] for d in result)
    ]
    assert left == other and far - other == pytest.approx(3 * (right - left), rel=1e-3)


def test_a_line_leaves_out_what_is_missing(charts):
    item = lines({"a": Line(X, [0.1, None, 0.3])}, "n", "score", alt="x", ticks={0: "5", 1: "50", 2: "all"})
    assert len(dots_of(item)) == 2 and {"5", "50", "all"} <= set(texts(item))


def test_a_bin_without_rows_has_no_dot(charts):
    shapes = [path for path in drawn(charts["calibration"]).iter("path") if "opacity" in (path.get("style") or "")]
    assert len(shapes) == 2


def test_a_small_heat_map_shows_numbers_and_a_large_one_is_an_image(charts):
    assert {"0.10", "0.30", "0.40"} <= set(texts(charts["heat_map"]))
    assert drawn(charts["heat_map"]).find(".//image") is None
    assert drawn(charts["large heat_map"]).find(".//image").get("href").startswith("data:image/png;base64,")
    assert len(charts["large heat_map"]) < 40_000


def test_nothing_to_draw_is_drawn():
    for svg in (
        bars([], {}, "score", alt="x"),
        dots(["a"], [None], "score", alt="x"),
        lines({"a": Line([], [])}, "n", "score", alt="x"),
        histogram([0], [0.0, 1.0], "confidence", alt="x"),
        calibration([], [], [], alt="x"),
        heat_map([], [], [], "overlaps", alt="x"),
    ):
        drawn(svg)


@given(st.text(st.characters(exclude_categories=()), max_size=60))
@settings(max_examples=30, deadline=None)
@example("\ud800")
def test_any_name_can_be_drawn(name):
    svg = dots([name], [E(0.5)], name, alt=name)
    assert not name.strip() or name_in_chart(name) in texts(svg)
