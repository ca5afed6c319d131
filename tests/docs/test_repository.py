"""What a clone of the repository sets up: versions agree, and the workflow runs what the README says."""

import configparser
import re

import yaml

from tests.docs.pages import ROOT

CONSTRAINTS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
)
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")


def read_yaml(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def requirements(value):
    return [re.split(r"[<>=!\[]", line)[0].strip() for line in value.splitlines() if line and not line.startswith("%")]


def test_pre_commit_uses_the_tested_versions():
    repositories = {entry["repo"].rsplit("/", 1)[1]: entry for entry in read_yaml(".pre-commit-config.yaml")["repos"]}
    assert repositories["ruff-pre-commit"]["rev"] == f"v{CONSTRAINTS['ruff']}"
    assert repositories["mirrors-mypy"]["rev"] == f"v{CONSTRAINTS['mypy']}"
    (mypy,) = repositories["mirrors-mypy"]["hooks"]
    for pinned in mypy["additional_dependencies"]:
        name, version = pinned.split("==")
        assert CONSTRAINTS[name] == version
    hooks = {hook["id"] for entry in repositories.values() for hook in entry["hooks"]}
    assert hooks >= {"ruff-check", "ruff-format", "mypy", "trailing-whitespace", "check-added-large-files"}


def test_the_workflow_tests_every_version_that_is_claimed():
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    prefix = "Programming Language :: Python :: "
    claimed = re.findall(rf"{prefix}(3\.\d+)", SETUP["metadata"]["classifiers"])
    assert matrix["python"] == claimed
    assert SETUP["options"]["python_requires"] == f">={claimed[0]}"
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_the_workflow_runs_targets_of_the_makefile():
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"]
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    steps = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    made = {name for step in steps for name in re.findall(r"\bmake ([\w-]+)", step)}
    assert {"test", "docs"} <= made <= targets


def test_every_requirement_has_a_tested_version():
    options = [SETUP["options"]["install_requires"], *SETUP["options.extras_require"].values()]
    names = {name.lower() for value in options for name in requirements(value)}
    given = {name.lower() for name in CONSTRAINTS} | {"mlflow-skinny", "pytest-xdist", "setuptools"}
    assert names <= given, names - given
