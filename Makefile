# Any Python >= 3.11: `make setup PYTHON=python3.12`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup sandbox demo test test-slow test-million test-pythons test-all bench bench-quick lint generate lock clean

help:  ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

setup:  ## Install all that the rest needs
	@$(PYTHON) tools/setup.py

sandbox: setup  ## Start the local services and leave them up
	@$(BIN)/sandbox up

demo: setup  ## Run the pipes between the installed commands against the local services
	@$(BIN)/python tools/demo

test:  ## Run every check and all but the slow tests
	@$(PYTHON) tools/setup.py --tests
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 2 -m "not slow"

test-slow:  ## Run the slow tests: installations, Meltano, the demo
	@$(PYTHON) tools/setup.py --tests
	$(BIN)/pytest -n 2 -m slow

test-million:  ## Move a million rows of every type into the stand-in of a pool, by each way (CASES=insert: by that alone)
	@$(PYTHON) tools/setup.py --tests
	ROUND_TRIP_ROWS=1000000 $(BIN)/pytest -n 0 tests/target_synapse/test_a_million_rows.py -k "$(CASES)"

test-pythons: setup  ## Run the tests on the further Pythons that this machine has
	@$(BIN)/python tools/test_pythons.py

test-all: test test-slow test-pythons  ## Run all of these

bench:  ## Measure the commands beside their peers, 25 minutes (less: make bench BENCH_LIMIT_S=600)
	@$(PYTHON) tools/setup.py --tests
	@$(BIN)/python -m bench $(if $(BENCH_LIMIT_S),--limit-s $(BENCH_LIMIT_S))
	@$(BIN)/python tools/generate.py

bench-quick:  ## The same with few rows, 2 minutes: does it still run, and are the rows right
	@$(PYTHON) tools/setup.py --tests
	@$(BIN)/python -m bench --quick

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

generate: setup  ## Write what is derived from the classes: settings tables, meltano.yml, .env.example, docs/hub
	@$(BIN)/python tools/generate.py

lock: setup  ## Take the newest versions of all dependencies
	@$(BIN)/python tools/lock.py

clean:  ## Stop the local services and remove what setup and tests made
	@if [ -x $(BIN)/sandbox ]; then $(BIN)/sandbox down; fi
	rm -rf .venv .venv-* .tools .sandbox .bench sandbox/azurite/node_modules sandbox/azcopy/node_modules sandbox/data .mypy_cache .ruff_cache .pytest_cache .hypothesis
