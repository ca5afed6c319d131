import numpy as np
import pytest

from tests.bench.sample import HOSTILE, about, failed, results, summary
from tests.report.markup import Outline, dots_of
from weaklabel.bench.page import curve_charts, html, track_charts
from weaklabel.errors import visible


def test_the_page_shows_tables_and_charts_with_every_name_escaped():
    outline = Outline(html(results()))
    assert visible(HOSTILE) in outline.texts and "script" not in outline.tags
    # Two sets on two tracks, and a curve.
    assert outline.tags.count("svg") == 5
    ids = outline.attribute("id")
    assert len(ids) == len(set(ids))


def test_the_page_is_the_same_each_time():
    assert html(results()) == html(results())


def test_dots_of_a_set_stand_at_the_means():
    chart = track_charts(results(), "no_gold").charts[0]
    x, _ = np.transpose(dots_of(chart.svg))
    means = [84.1, 87.3, 79.0, 89.1, 92.3, 84.0]
    assert np.corrcoef(x, means)[0, 1] == pytest.approx(1, abs=1e-6)


def test_a_curve_has_a_marker_for_every_point_of_its_lines():
    (chart,) = curve_charts(results()).charts
    assert len(dots_of(chart.svg)) == 9
    x = [place for place, _ in dots_of(chart.svg)]
    assert all(x[start : start + 3] == sorted(x[start : start + 3]) for start in (0, 3, 6))


def test_a_page_of_failures_alone_is_a_page():
    key = ("youtube", "no_gold", "majority", None)
    cells = [failed(*key, 0, error="<b>crash</b>")]
    none = [summary(*key, None, sd=None, n_seeds=0, n_failed=1)]
    outline = Outline(html(results(sets={"youtube": about()}, cells=cells, summary=none, crossings=[])))
    assert "<b>crash</b>" in outline.texts and "failed" in outline.texts


def test_a_page_of_nothing_is_a_page():
    outline = Outline(html(results(sets={}, cells=[], summary=[], crossings=[])))
    assert "How this was made" in outline.texts and "svg" not in outline.tags
