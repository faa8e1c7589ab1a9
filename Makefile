# The way in, for people and for CI. `make` lists the commands.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
LOCK := jupyterlite_site/locks/tools.txt
STAMP := $(VENV)/.complete
DIST := jupyterlite_site/dist/index.html
SOURCES = $(shell find tinytorch content jupyterlite_site pyproject.toml \
	\( -name __pycache__ -o -path jupyterlite_site/dist -o -path jupyterlite_site/build \) -prune \
	-o -type f -print)

.PHONY: help venv site data serve test lint bench pins clean

help: ## List the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

venv: $(STAMP) ## Make .venv from the locked, hashed requirements

site: $(DIST) ## Build the site into jupyterlite_site/dist

data: $(STAMP) ## Make the data sets in the cache, for use outside the site
	@$(BIN)/python -m jupyterlite_site.data

serve: site ## Build the site and serve it (PORT=8000)
	@$(BIN)/python -m jupyterlite_site.serve --port $(PORT)

test: site chromium ## Run every test, those in a browser included
	@$(BIN)/python -m pytest

lint: $(STAMP) ## Check style, formatting, types and the floors of the package
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/tinytorch/test_floors.py

bench: site chromium ## Measure a cold open, the kernels, CIFAR-10 in a tab, recording
	@$(BIN)/python -m tests.benchmarks.cold_open
	@$(BIN)/python -m tests.benchmarks.kernels
	@$(BIN)/python -m tests.benchmarks.milestone
	@$(BIN)/python -m tests.benchmarks.overhead
	@$(BIN)/python -m tests.benchmarks.tokenizer

pins: $(STAMP) ## Resolve versions again and rewrite every hash
	@$(BIN)/python -m jupyterlite_site.pins

clean: ## Remove what was built; the download cache stays
	rm -rf $(VENV) jupyterlite_site/dist jupyterlite_site/build

$(DIST): $(STAMP) $(SOURCES) | npm
	@$(BIN)/python -m jupyterlite_site.build

$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1); try make PYTHON=python3.12" >&2; exit 1; }
	@echo "making $(VENV) from $(LOCK)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: npm chromium
npm:
	@command -v npm >/dev/null || { echo "make: npm is not on the PATH; install Node.js 20 or newer" >&2; exit 1; }

chromium: $(STAMP)
	@$(BIN)/python tests/site/chromium.py
