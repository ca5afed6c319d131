"""Every flag means the same in every verb, and is declared in one place."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest
import typer

from weaklabel import cli

# Flags that verbs declare for themselves, and why each verb needs its own.
DIFFERENT = {
    "--batch-size": "the default of train is that of each classifier",
    "--decisions": "import adds to the file; the others read it",
    "--dry-run": "what cleaning and the like would do is shown with examples",
    "--epochs": "of tune it has a default: a language model overfits early",
    "--force": "run does all steps again; suggest replaces its file",
    "--from": "of run, the step to begin with; of import, the tool that wrote the file",
    "--gold": "of train, it is a column of the file that --validation names",
    "--group-by": "export divides rows only where it is asked to",
    "--labels": "score reads them from the file by default; review needs them for a corpus without labels",
    "--lf": "calibrate needs it only where several ask language models",
    "--llm": "suggest names the model; lfs writes a pack that asks one",
    "--log": "train has several tools at once",
    "--lr": "adapters of language models take larger rates than classifiers",
    "--max-length": "the default of bench is that of each model",
    "--max-rows": "the default of train is that of each classifier",
    "--metric": "train chooses an epoch by it; bench reports it",
    "--model": "of tune, what is fine-tuned; of predict, what was trained",
    "-o": "what is written differs: a table, a model folder, a pack, a run folder, all results of a benchmark",
    "--out": "the long name of -o",
    "--positive": "score scores one file; bench scores several sets",
    "--run-folder": "of tune it is needed in order to resume",
    "--seed": "run overrides the project's seed",
    "--set": "export sets options of forms, augment of transformation functions, the others of models",
    "--split-column": "split adds the column; the others read it",
    "--task": "what says it by default differs: columns of a file, the form of an annotation, the pack",
    "--validation": "a file for train; bench has it in its sets",
    "--workers": "run overrides the project's number",
}
# Flags with one declaration that are required in some verbs only.
OPTIONAL_SOMEWHERE = {"--lfs": "explain and review can take a finished run, which has its own labeling functions"}

VERBS = typer.main.get_command(cli.app).commands


def flags():
    """Return for every flag its line of help in each verb that has it: name, type, range, text, default."""
    lines = defaultdict(dict)
    for verb, command in VERBS.items():
        context = command.make_context(verb, [], resilient_parsing=True)
        for parameter in command.params:
            if parameter.param_type_name == "option":
                for flag in (*parameter.opts, *parameter.secondary_opts):
                    lines[flag][verb] = (parameter.rich_help_panel, *parameter.get_help_record(context))
    return lines


def test_a_flag_has_one_meaning_in_all_verbs():
    lines = flags()
    assert set(DIFFERENT) | set(OPTIONAL_SOMEWHERE) <= set(lines)
    for flag, by_verb in lines.items():
        variants = set(by_verb.values())
        if flag in OPTIONAL_SOMEWHERE:
            variants = {(panel, name, text.replace("[required]", "").strip()) for panel, name, text in variants}
        if flag in DIFFERENT:
            assert len(variants) > 1, f"{flag} is the same in {', '.join(by_verb)}: remove its reason"
        else:
            assert len(variants) == 1, f"{flag} differs between {', '.join(by_verb)}"


def test_a_flag_is_declared_once():
    declared = defaultdict(list)
    for path in Path(cli.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("Option", "_option")):
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and str(argument.value).startswith("-"):
                        declared[argument.value].append(path.name)
    assert declared
    twice = {flag: files for flag, files in declared.items() if len(files) > 1 and flag not in DIFFERENT}
    assert not twice


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_is_explained(verb):
    unexplained = [parameter.name for parameter in VERBS[verb].params if not (parameter.help or "").strip()]
    assert not unexplained


def test_shared_options_stand_below_headings(weaklabel):
    shown = weaklabel("label", "--help").out
    for heading in ("Label model:", "Reading the corpus:", "Applying labeling functions:", "Engine and cache:"):
        assert f"\n{heading}\n" in shown
