# Two commands: `make demo` and `make test`. Both do their own set-up, say what they do, and are quick the second time.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --root-user-action=ignore

.PHONY: help demo test check setup format clean

help:
	@echo "make demo   set everything up and complete the gaps of examples/shop with the real model and container"
	@echo "make test   set everything up and run all checks and tests"
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
	@rm -f .coverage .coverage.*
	@COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m coverage run -m pytest; status=$$?; $(BIN)/python -m tests.coverage_report; exit $$status

format: $(VENV)/.ready
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf .coverage .coverage.* $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
