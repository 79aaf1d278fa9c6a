# Everything happens in .venv, from the committed uv.lock. Needed: make, and Python 3.11 or 3.12.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
# The first interpreter that runs and is of a known version: a name on the PATH may be an empty promise.
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && { echo $$p; break; }; done)
STAMP := .venv/.synced
export DO_NOT_TRACK := 1
# The certificates that this machine trusts, for a network that reads along.
export UV_SYSTEM_CERTS := 1

.PHONY: help setup run test check lock format faults bench bench-full bench-defaults bench-overhead bench-scale bench-dask bench-judge bench-choice bench-portfolio bench-compression serve clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: $(STAMP) ## Build .venv from uv.lock

$(STAMP): uv.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed. Received: none that runs. Install one, or: make PYTHON=/path/to/python"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --quiet
	$(BIN)/python -m flows._server # the databases of Prefect and MLflow, which takes ten seconds once
	@touch $@

run: $(STAMP) ## Make the data, train, judge and publish what is stale
	$(BIN)/minnow run

test: $(STAMP) ## Run the whole test suite
	$(BIN)/pytest

check: $(STAMP) ## Lint, types, layers, locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/uv lock --check --quiet
	@$(BIN)/uv export -q --frozen --no-default-groups --no-hashes --no-emit-project --no-header --no-annotate \
		| diff - requirements-serving.txt || { echo "requirements-serving.txt is not what uv.lock says: make lock"; exit 1; }

lock: $(STAMP) ## Resolve anew, and write what the served environment needs
	$(BIN)/uv lock
	$(BIN)/uv export -q --frozen --no-default-groups --no-hashes --no-emit-project --no-header --no-annotate > requirements-serving.txt

format: $(STAMP) ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

serve: $(STAMP) ## Serve the champions on 127.0.0.1:3000
	$(BIN)/bentoml serve

faults: $(STAMP) ## Kill, cut, fill and starve it, at length; prints what was injected and what was lost
	MINNOW_FAULTS=full $(BIN)/pytest tests/faults -n 0 --timeout 3600

bench: $(STAMP) ## Every family on the real sets of MINNOW_BENCH_DATA, one seed; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.results

bench-full: $(STAMP) ## The same with three seeds
	$(BIN)/python -m benchmarks.results --full

bench-defaults: $(STAMP) ## What the defaults reach on the real sets, beside other libraries; SEEDS="7 8 9" for three
	$(BIN)/python -m benchmarks.defaults $(if $(SEEDS),--seeds $(SEEDS))

bench-overhead: $(STAMP) ## What the pipeline costs beyond the fits themselves
	$(BIN)/python -m benchmarks.overhead

bench-scale: $(STAMP) ## Time and memory at 100,000 and 1,000,000 rows of a table
	$(BIN)/python -m benchmarks.scale

bench-dask: $(STAMP) ## What a job costs in the worker process and on a node of a cluster
	$(BIN)/python -m benchmarks.dask_cost

bench-judge: $(STAMP) ## How often the judge is wrong
	$(BIN)/python -m benchmarks.judge

bench-choice: $(STAMP) ## How well models are chosen from few rows of the sets of MINNOW_BENCH_DATA
	$(BIN)/python -m benchmarks.choice

bench-portfolio: $(STAMP) ## Whether defaults are chosen well for sets that had no part in it; writes docs/decisions/008-defaults.md
	$(BIN)/python -m benchmarks.portfolio

bench-compression: $(STAMP) ## What pruning, distillation and quantization reach on the real sets; SEEDS="7 8 9" for three
	$(BIN)/python -m benchmarks.compression $(if $(SEEDS),--seeds $(SEEDS))

clean: ## Remove what runs leave behind; data, registry and store stay
	rm -rf .minnow .pytest_cache .ruff_cache .hypothesis .import_linter_cache
