# Needs only `python3` and `make`; everything else is made inside .venv by tools/setup.py.

.DEFAULT_GOAL := help
.PHONY: help setup up test lint fmt fuzz bench profile manifests lock clean
MAKEFLAGS += --no-print-directory

BIN := .venv/bin

help:  ## show these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

# Where pyenv lacks the version of .python-version its python3 refuses to start; the system's then says what to do.
setup:  ## make .venv as the lock files say (the others call this first; under a second when nothing changed)
	@python3 -c "" 2>/dev/null || export PYENV_VERSION=system; exec python3 tools/setup.py

up: setup  ## train if nothing is registered, serve the graph, print a curl line to paste
	@exec $(BIN)/servegraph up

test: lint  ## everything that must pass: lint, then pytest
	@$(BIN)/pytest

lint: setup  ## format, lint, types, direction of imports
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo

fmt: setup  ## format, and fix what the linter can fix
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

fuzz: setup  ## throw broken messages at the decoders for a minute
	@$(BIN)/python tests/fuzz

bench: setup  ## how fast it is, and against whom: benchmarks/results; BENCH_SECONDS=3 for a short one
	@$(BIN)/python benchmarks

profile: setup  ## where the time of a request goes: a table and a flame graph
	@$(BIN)/python benchmarks --profile

manifests: setup  ## write manifests/ again from graphs/ and the registry
	@for graph in graphs/*.py; do $(BIN)/servegraph render $$graph || exit; done
	@$(BIN)/servegraph render --form fused
	@$(BIN)/servegraph render --env prod
	@$(BIN)/servegraph dashboards
	@$(BIN)/servegraph explain --markdown > docs/rules.md

COMPILE = $(BIN)/uv pip compile pyproject.toml --generate-hashes --no-header --no-annotate --python-version 3.12 \
	--quiet $(if $(UPGRADE),--upgrade)

lock: setup  ## resolve requirements/*.txt again; UPGRADE=1 for the newest versions
	@$(COMPILE) --all-extras --group dev --output-file requirements/dev.txt
	@$(COMPILE) --extra mlflow --extra drift --extra accelerate --group image --constraint requirements/dev.txt \
		--output-file requirements/image.txt
	@$(COMPILE:pyproject.toml=) --group setup --output-file requirements/uv.txt

clean:  ## remove .venv and caches; .servegraph (registry and state) stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
