# Needs: make, git, a shell, and Python 3.10 to 3.13 with its venv module.

PYTHON ?= python3
# Passed on, as in `make test ARGS="-k weights"` and `make bench ARGS="fleet"`.
ARGS ?=
# Of `make chaos`: the first seed, how many runs are cut short at least, how many operations there
# are in bad weather, and how many stacks live at a time.
SEED ?= 1
KILLS ?= 20
OPERATIONS ?= 0
JOBS ?= 1

# Of `make test`: three for two cores, since tests wait for deployments, too; at most eight.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); n=$$((cores * 3 / 2)); \
  echo $$((n < 1 ? 1 : n > 8 ? 8 : n)))

BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs bench chaos clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Create the virtual environment and get a Pulumi engine
	@$(BIN)/python tools/engine/get_engine.py > /dev/null

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || \
	  { echo 'make: Python 3.10 to 3.13 is needed, as in: make PYTHON=python3.12 $(MAKECMDGOALS)'; \
	    exit 1; }
	@echo 'make: installing into .venv, about a minute'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: setup ## Deploy to three emulated clouds, change something, destroy everything
	@$(BIN)/python tools/demo.py

test: setup ## Run all tests; ARGS="..." goes to pytest
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

check: $(INSTALLED) ## Run the static checks: format, lint, types, imports, reference pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python tools/docs/reference.py --check
	@cd tools && ../$(BIN)/python -m docs.policies --check

docs: $(INSTALLED) ## Write docs/reference and docs/policies anew from the declarations
	@$(BIN)/python tools/docs/reference.py
	@cd tools && ../$(BIN)/python -m docs.policies

bench: setup ## Print ratios, each with its baseline of the same run; ARGS="..." names some
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: setup ## Kill `pulumi up` again and again; SEED, KILLS, OPERATIONS, JOBS
	@cd tools && ../$(BIN)/python -m chaos --seed $(SEED) --kills $(KILLS) \
	  --operations $(OPERATIONS) --jobs $(JOBS)

clean: ## Remove the virtual environment and all caches of this folder
	rm -rf .venv .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
