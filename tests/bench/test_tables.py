import json
import re
from html import unescape

import pytest
from markdown_it import MarkdownIt

from tests.bench.sample import HOSTILE, about, cell, failed, results, summary
from weaklabel.bench.published import published_for
from weaklabel.bench.sections import CURVE, TRACKS, sections
from weaklabel.bench.tables import markdown, text_table
from weaklabel.errors import visible
from weaklabel.page.page import DataTable, Fold


def tables(of, title):
    """All tables of a section, those folded away as well."""
    (section,) = [section for section in sections(of) if section.title == title]
    parts = [inner for part in section.parts for inner in (part.parts if isinstance(part, Fold) else [part])]
    return [part for part in parts if isinstance(part, DataTable)]


def row(table, *key):
    (result,) = [line for line in table.texts if tuple(line[: len(key)]) == key]
    return dict(zip(table.columns, result, strict=True))


def of_cells(cells, summaries, sets=None):
    return results(sets=sets or {"youtube": about()}, cells=cells, summary=summaries, crossings=[])


NO_GOLD = TRACKS["no_gold"][0]
VALIDATION = TRACKS["validation_gold"][0]


def test_the_tables_hold_the_figures_of_the_results():
    overview, of_linear, *_ = tables(results(), NO_GOLD)
    assert row(overview, "majority") == {
        "label model": "majority",
        "youtube (accuracy)": "84.1 ± 1.2",
        "sms (F1 of spam)": "84.1 ± 1.2",
        "mean": "84.1",
        "log loss": "0.432",
        "calibration error": "8.7",
    }
    assert row(of_linear, "snorkel")["youtube (accuracy)"] == "92.3 ± 1.2 ▲ [+2.2, +4.2]"


def test_label_models_stand_beside_the_classifiers_trained_on_their_labels():
    _, _, by_classifier, *_ = tables(results(), NO_GOLD)
    assert by_classifier.columns == ["label model", "its labels", "linear"]
    assert row(by_classifier, "majority") == {"label model": "majority", "its labels": "84.1", "linear": "89.1"}


def test_a_difference_is_marked_where_its_interval_excludes_zero():
    apart = {"difference": 0.01, "difference_low": -0.001, "difference_high": 0.02}
    below = {"difference": -0.01, "difference_low": -0.02, "difference_high": -0.001}
    key = ("youtube", "no_gold")
    summaries = [summary(*key, "majority", None, 0.8), summary(*key, "near", None, 0.81, **apart)]
    summaries += [summary(*key, "worse", None, 0.79, **below)]
    overview, figures, _ = tables(of_cells([cell(*key, "majority", None, 0, 0.8)], summaries), NO_GOLD)
    shown = [line[1] for line in overview.texts]
    assert shown == ["80.0 ± 1.2", "81.0 ± 1.2 [-0.1, +2.0]", "79.0 ± 1.2 ▼ [-2.0, -0.1]"]
    assert row(figures, "near")["minus majority"] == "+1.0"
    assert row(figures, "worse")["minus majority"] == "-1.0 ▼"
    assert row(figures, "worse")["95% interval of that"] == "[-2.0, -0.1]"
    assert row(figures, "majority")["95% interval"] == "[78.0, 83.0]"


def test_details_are_means_over_seeds_and_the_highest_peak():
    key = ("youtube", "no_gold", "majority", None)
    cells = [cell(*key, seed, 0.8, fit_seconds=seed, peak_mib=100.0 + seed) for seed in range(3)]
    cells[0]["scores"]["log_loss"] = 1.0321
    cells[1]["scores"]["precision"] = 0.41
    *_, details = tables(of_cells(cells, [summary(*key, 0.8)]), NO_GOLD)
    result = row(details, "majority")
    assert (result["fit s"], result["peak MiB"], result["log loss"]) == ("1.00", "102", "0.632")
    assert (result["precision"], result["recall"], result["coverage"]) == ("61.0", "62.0", "91.3")
    assert (result["macro F1"], result["calibration error"]) == ("66.0", "8.7")


def test_tracks_never_share_a_table():
    key = ("youtube", "validation_gold", "selected", None)
    only = of_cells([cell(*key, 0, 0.99)], [summary(*key, 0.99)])
    assert NO_GOLD not in [section.title for section in sections(only)]
    both = results()
    both["cells"].append(cell(*key, 0, 0.99))
    both["summary"].append(summary(*key, 0.99))
    assert not [line for table in tables(both, NO_GOLD) for line in table.texts if "selected" in line]
    assert [line for table in tables(both, VALIDATION) for line in table.texts if "selected" in line]


def test_the_ceiling_stands_apart():
    (ceiling,) = tables(results(), "Trained on gold")
    assert row(ceiling, "gold")["youtube (accuracy)"] == "95.1"
    others = [table for title in (NO_GOLD, VALIDATION, CURVE) for table in tables(results(), title)]
    assert not [line for table in others for line in table.texts if "gold" in line]


def test_one_seed_has_no_spread_and_failed_seeds_are_counted():
    key = ("youtube", "no_gold")
    cells = [cell(*key, "one", None, 0, 0.8), cell(*key, "some", None, 0, 0.8)]
    cells += [
        failed(*key, "some", None, 1, error="ran out | of memory"),
        failed(*key, "none", None, 0, error="<b>crash"),
    ]
    summaries = [
        summary(*key, "one", None, 0.8, sd=None, n_seeds=1),
        summary(*key, "some", None, 0.8, sd=None, n_seeds=1, n_failed=1),
        summary(*key, "none", None, None, sd=None, n_seeds=0, n_failed=1),
    ]
    of = of_cells(cells, summaries)
    overview, figures, details = tables(of, NO_GOLD)
    assert [line[1] for line in overview.texts] == ["80.0", "80.0 (1 of 2 seeds)", "failed"]
    assert [line[-1] for line in figures.texts] == ["1 of 1", "1 of 2", "0 of 1"]
    assert row(details, "none")["accuracy"] == "-"
    (errors,) = tables(of, "What went wrong")
    assert [line[-1] for line in errors.texts] == ["ran out | of memory", "<b>crash"]
    assert "2 of 4" in errors.caption


def test_warnings_are_told():
    key = ("youtube", "no_gold", "majority", None)
    of = of_cells([cell(*key, 0, 0.8, warnings=["no class balance"])], [summary(*key, 0.8)])
    (messages,) = tables(of, "What went wrong")
    assert messages.texts == [["youtube", "no_gold", "majority", "0", "no class balance"]]


def test_the_mean_is_over_sets_that_all_have():
    values = {("youtube", "a"): 0.8, ("youtube", "b"): 0.6, ("sms", "a"): 0.5, ("youtube", "broken"): None}
    cells = [cell(name, "no_gold", model, None, 0, mean) for (name, model), mean in values.items()]
    summaries = [summary(name, "no_gold", model, None, mean) for (name, model), mean in values.items()]
    overview, *_ = tables(of_cells(cells, summaries, {"youtube": about(), "sms": about()}), NO_GOLD)
    assert "Mean over youtube." in overview.caption
    assert [row(overview, name)["mean"] for name in ("a", "b", "broken")] == ["80.0", "60.0", "-"]
    assert row(overview, "b")["sms (accuracy)"] == "-"


def test_no_mean_where_no_set_is_common():
    cells = [cell("youtube", "no_gold", "a", None, 0, 0.8), cell("sms", "no_gold", "b", None, 0, 0.8)]
    summaries = [summary("youtube", "no_gold", "a", None, 0.8), summary("sms", "no_gold", "b", None, 0.8)]
    overview, *_ = tables(of_cells(cells, summaries, {"youtube": about(), "sms": about()}), NO_GOLD)
    assert "no set" in overview.caption and [line[-1] for line in overview.texts] == ["-", "-"]


def test_the_curve_goes_from_few_labels_to_all_and_names_the_crossing():
    (table,) = tables(results(), CURVE)
    assert [line[0] for line in table.texts] == ["5", "100", "all"]
    assert row(table, "100") == {
        "clean labels per class": "100",
        "snorkel only": "90.3 ± 1.2",
        "clean labels only": "91.2 ± 1.2",
        "snorkel, then clean labels": "93.2 ± 1.2",
    }
    assert "youtube: clean labels alone overtake it." in text_table(results())


def test_published_figures_stand_in_tables_by_the_gold_they_used():
    result = tables(results(), "Published figures")
    notes = {
        f"{figure.note[0].upper()}{figure.note[1:]}." for name in ("youtube", "sms") for figure in published_for(name)
    }
    assert {table.caption for table in result} == notes
    shown = sorted(text for table in result for line in table.texts for text in line if re.match(r"\d", text))
    given = [figure for name in ("youtube", "sms") for figure in published_for(name)]
    assert shown == sorted(
        f"{100 * figure.value:.2f}" + ("" if figure.sd is None else f" ± {100 * figure.sd:.2f}") for figure in given
    )
    assert all(table.columns[-1] == "source" for table in result)


def test_figures_of_another_metric_are_not_quoted():
    of = results(sets={"youtube": about("f1", "spam"), "sms": about("accuracy")})
    assert "Published figures" not in [section.title for section in sections(of)]


def test_reasons_are_given_once_for_all_seeds_that_agree():
    result = [table for table in tables(results(), NO_GOLD) if table.columns[-1] == "why"]
    assert row(result[0], "youtube", "snorkel", "-")["seeds"] == "1, 2"


@pytest.mark.parametrize("render", [text_table, markdown])
def test_results_read_back_from_json_are_the_same(render):
    assert render(json.loads(json.dumps(results()))) == render(results())


def test_text_shows_names_letter_for_letter_and_columns_aligned():
    lines = text_table(results()).splitlines()
    assert any(line.startswith(f"{visible(HOSTILE)}  79.0 ± 1.2 ▼") for line in lines)
    assert not re.search("\u202e", "\n".join(lines))
    (start,) = [number for number, line in enumerate(lines) if line.startswith("Rows of each split")]
    train = lines[start + 2].index("train") + len("train")
    assert lines[start + 4][:train].endswith("1586") and lines[start + 5][:train].endswith("1586")


def test_markdown_cannot_be_broken_out_of():
    rendered = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown(results()))
    assert "<script" not in rendered and "<em>" not in rendered and "<code>" not in rendered
    cells = [unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", rendered)]
    assert visible(HOSTILE) in cells
    everything = [
        line for section in sections(results()) for table in tables(results(), section.title) for line in table.texts
    ]
    assert len(cells) == sum(map(len, everything))
