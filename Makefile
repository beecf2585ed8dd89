# Few verbs. Everything they need is installed into .venv (and node_modules for the Node tests).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
INSTALLED := $(VENV)/.installed
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The order is shuffled the same way each time, so that a failure can be had again; ORDER=random takes another one.
ORDER ?= 20200930
SHUFFLED := $(if $(filter-out random,$(ORDER)),--randomly-seed=$(ORDER))
SIDE_BY_SIDE := -n 4 --dist loadgroup
DEPTH := BINDERY_RANDOM=1 BINDERY_KILLS=50 BINDERY_MACHINE_EXAMPLES=120 BINDERY_CHANGES=10000 BINDERY_SHARED_CHANGES=1000 BINDERY_FAILURES=200000

.PHONY: run test quick servers endurance fuzz check bench programs docs lock clean help

help: ## show the verbs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

run: $(INSTALLED) ## start a server, bind a bucket of sample media, show its binding and query it
	@$(BIN)/python -m bindery.cli.main demo

test: $(READY) ## set up and run every test; what is random runs only as deep as a change needs
	@scripts/install_test_tools.sh
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(SHUFFLED)

quick: $(READY) ## the tests that need no server and take no long time
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(SHUFFLED) -m "not server and not slow"

servers: $(READY) ## the tests against real servers: Bindery itself, Ceph, Azurite, the SDKs
	@scripts/install_test_tools.sh
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(SHUFFLED) -m "server and not slow"

endurance: $(READY) ## random lives, kills and long listings, in full depth
	@scripts/install_test_tools.sh
	@$(DEPTH) $(BIN)/python -m pytest $(SIDE_BY_SIDE) -m slow

fuzz: $(READY) ## a million random requests to a whole server: no defect, flat memory, a bounded audit log
	@BINDERY_RANDOM=1 BINDERY_FUZZ=$${BINDERY_FUZZ:-1000000} $(BIN)/python -m pytest -s tests/api/test_many_requests.py

check: $(READY) ## format, lint, types, layers
	$(BIN)/ruff format --check src tests scripts bench
	$(BIN)/ruff check src tests scripts bench
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## run the benchmarks of the budgets and print one table (PHOTOS=folder adds cameras' own photos)
	@$(BIN)/python bench/table.py $(if $(PHOTOS),--photos "$(PHOTOS)") $(BENCH)

programs: $(READY) ## build and run the projects that the explorer offers, in each language whose tools are here
	$(BIN)/python scripts/build_programs.py

docs: $(READY) ## write the generated reference pages, and all pages as a site in the folder site
	$(BIN)/python scripts/generate_messages.py
	$(BIN)/python scripts/generate_docs.py
	$(BIN)/python scripts/build_site.py

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --no-header pyproject.toml

lock: ## renew requirements.lock (what a user needs), requirements-dev.lock (and what the tests need) and that of the image
	$(BIN)/pip install --quiet uv
	$(COMPILE) --group dev -o requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock -o requirements.lock
	$(COMPILE) --extra orc --extra postgresql --extra ray --constraint requirements-dev.lock -o deploy/requirements.lock

clean: ## remove what make made
	rm -rf $(VENV) node_modules tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache demo-data site

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Bindery needs Python 3.11 or newer; set PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.lock pyproject.toml | $(VENV)
	@echo "installing Bindery into $(VENV)"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps -e .
	@touch $@

$(READY): requirements-dev.lock $(INSTALLED)
	@echo "installing what the tests need into $(VENV)"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
