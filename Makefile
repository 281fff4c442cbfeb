# `make demo`, `make test` and `make test-editors` do their own set-up, say what they do, and are quick the second time.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --root-user-action=ignore

NPM := PATH="$(CURDIR)/.editors/bin:$$PATH" npm
EXTENSION := vscode-extension

# The engine on torch is tested on a build for the CPU, in an environment of its own: `make test` stays small. From elsewhere than the
# configured index: make test-torch TORCH="--index-url ADDRESS torch==2.13.0"
TORCH ?= torch==2.13.0
TORCH_VENV := .venv-torch
TORCH_PIP := $(TORCH_VENV)/bin/python -m pip install -qq --disable-pip-version-check --root-user-action=ignore

.PHONY: help demo test coverage check setup editors vsix test-editors test-torch test-vllm pictures format clean

help:
	@echo "make demo   set everything up and complete the gaps of examples/shop with the real model and container"
	@echo "make test   set everything up and run all checks and tests, as many at a time as there are processors and one more"
	@echo "make coverage   the same, and which branches they execute"
	@echo "make test-editors   set real editors up and run the tests in them"
	@echo "make test-torch   run the tests of the engine on torch, where its build for the CPU can be had"
	@echo "make test-vllm    run the tests of the engine on vLLM, where its build for the processor can be had"
	@echo "make vsix   build the VS Code extension into dist/"
	@echo "make check  format, lint, types and layers only"
	@echo "make clean  remove what the set-up made in this folder"

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@echo "making $(VENV) with the locked dependencies"
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: apt install python3.11-venv, or make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3-venv is needed: apt install python3-venv"; exit 1; }
	@$(PIP) --require-hashes --no-deps -r requirements-dev.lock || { echo "The dependencies could not be fetched: see above. A proxy or a mirror is configured as for any pip (PIP_INDEX_URL, PIP_CERT)."; exit 1; }
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/python -I -c "import assay" && touch $@

setup: $(VENV)/.ready
	@$(BIN)/assay setup

demo: setup
	@$(BIN)/assay demo

check: $(VENV)/.ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: setup check
	@$(BIN)/python -m pytest -n auto --dist worksteal

# The same, with what the tests execute: every process of theirs takes half as long again to start.
coverage: setup check
	@rm -f .coverage .coverage.*
	@COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m coverage run -m pytest -n auto --dist worksteal; status=$$?; $(BIN)/python -m tests.coverage_report; exit $$status

$(VENV)/.editors: requirements-editors.lock $(VENV)/.ready
	@echo "adding the editors' tools to $(VENV)"
	@$(PIP) --require-hashes --no-deps -r requirements-editors.lock && touch $@

editors: $(VENV)/.editors
	@$(BIN)/python -m tests.editors.ready

# The server travels in the extension as a wheel, so that the first start needs nothing but a Python.
vsix: editors
	@rm -rf $(EXTENSION)/bundled $(EXTENSION)/out && mkdir -p dist && rm -f dist/*.vsix
	@$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w $(EXTENSION)/bundled .
	@cp LICENSE CHANGELOG.md $(EXTENSION)/
	@cd $(EXTENSION) && cmp -s package-lock.json node_modules/.lock || { $(NPM) ci --silent && cp package-lock.json node_modules/.lock; }
	@cd $(EXTENSION) && $(NPM) run --silent check && $(NPM) run --silent test && $(NPM) run --silent build
	@cd $(EXTENSION) && $(NPM) run --silent package

# Two processes, each with about half of the time: tests/editors/conftest.py says which scenario runs in which.
test-editors: setup vsix
	@$(BIN)/python -m pytest tests/editors -n 2 --dist loadgroup

$(TORCH_VENV)/.ready: requirements-dev.lock requirements-torch.lock pyproject.toml
	@echo "making $(TORCH_VENV) with torch for the CPU"
	@$(PYTHON) -m venv $(TORCH_VENV)
	@$(TORCH_PIP) --require-hashes --no-deps -r requirements-dev.lock
	@$(TORCH_PIP) --require-hashes --no-deps -r requirements-torch.lock
	@$(TORCH_PIP) --no-deps --no-build-isolation -e .
	@if $(TORCH_PIP) --no-deps $(TORCH) && $(TORCH_VENV)/bin/python -c "import torch"; then touch $@; else touch $(TORCH_VENV)/.none; fi

test-torch: setup
	@rm -f $(TORCH_VENV)/.none; $(MAKE) --no-print-directory $(TORCH_VENV)/.ready
	@if [ -e $(TORCH_VENV)/.none ]; then echo "skipped: no build of torch for the CPU can be had from the configured index ($(TORCH))"; else $(TORCH_VENV)/bin/python -m pytest tests/torch; fi

# vLLM for the processor, in an environment of its own that `assay engine --install vllm` makes; its answers are held against torch's where that is here.
test-vllm: setup
	@rm -f $(TORCH_VENV)/.none; $(MAKE) --no-print-directory $(TORCH_VENV)/.ready
	@if ! $(BIN)/assay engine --install vllm; then echo "skipped: vLLM for the processor cannot be had from the configured index"; \
	elif [ -e $(TORCH_VENV)/.none ]; then $(BIN)/python -m pytest tests/vllm; else $(TORCH_VENV)/bin/python -m pytest tests/vllm; fi

# The README's pictures and its recording, by the scenarios that tell the story. Look at each before it is committed.
pictures: setup vsix
	@ASSAY_DRAW=$(CURDIR)/docs/pictures $(BIN)/python -m pytest tests/editors/test_story.py tests/editors/test_page.py -k "story or pictures"

format: $(VENV)/.ready
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf .coverage .coverage.* .editors $(EXTENSION)/node_modules $(EXTENSION)/out $(EXTENSION)/bundled $(VENV) $(TORCH_VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
