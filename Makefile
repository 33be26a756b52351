# One list of commands, here and in CI. `make` alone prints it.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.locked
SHARED := $(wildcard ../shared/data/drill)
# Thousands of small databases: in memory where 6 GB of it are free, since a disk's fsync is what they wait for.
SCRATCH = $(shell test -w /dev/shm && ! grep -q ' /dev/shm .*noexec' /proc/mounts && df -Pk /dev/shm | awk 'NR == 2 && $$4 > 6000000 {print "/dev/shm"}')
# Tests start Python some hundreds of times: what is not kept compiled is compiled again each time.
test: export PYTHONDONTWRITEBYTECODE =
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz test-cluster test-vendors check check-mutation map drill lock benchmark eval-detector clean

help:  ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## .venv with the locked dependencies

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3-venv is needed: apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## a site with 10,000 posts on http://127.0.0.1:8000, and a notice of 98 items handled live
	$(BIN)/venire demo $(ARGS)

test: setup  ## pass the tests (SQLite, no other server)
	@scratch=$$(mktemp -d $(if $(SCRATCH),-p $(SCRATCH))); trap 'rm -rf "$$scratch"' EXIT; \
	$(BIN)/python -m pytest -n 2 --dist worksteal --basetemp="$$scratch/t" $(ARGS)

test-cluster: setup  ## the storage tests on a real Cassandra node (Java 17 and Maven are fetched where root)
	$(BIN)/python -c 'import acsylla' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check acsylla
	$(BIN)/python -m tests.cluster $(ARGS)

test-vendors: setup  ## the adapters on real counterparts (Go, npm and Debian packages are fetched into build/)
	$(BIN)/python -m tests.counterparts $(ARGS)

fuzz: setup  ## every operation of the OpenAPI document, 100 requests each
	VENIRE_FUZZ=100 $(BIN)/python -m pytest -n 2 --timeout=600 tests/api/test_openapi.py $(ARGS)

check: setup  ## ruff, mypy, import-linter, generated docs, licences
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.map --check
	$(BIN)/python -m tools.licences

check-mutation: setup build/mutation/.locked  ## the tests against small mistakes in draw, tally, panel rule, states and treasury
	$(BIN)/python -m tools.mutation $(ARGS)

build/mutation/.locked: requirements/mutation.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --upgrade --target build/mutation -r $<
	@touch $@

map: setup  ## regenerate docs/map
	$(BIN)/python -m tools.map

drill: setup  ## the notice drill, on ../shared/data/drill where it is there, else on the demo's corpus
	$(BIN)/venire drill notice $(if $(SHARED),../shared/data/drill,demo) $(ARGS)

benchmark: setup  ## a site under load beside a bare server; storage and detectors, in figures
	$(BIN)/venire benchmark --bare $(ARGS)
	$(BIN)/python benchmarks/storage.py
	$(BIN)/python benchmarks/detectors.py

eval-detector: setup  ## the detector's figures on ../shared/data/detection/dev
	$(BIN)/python -m pytest -q tests/detectors -m shared_data $(ARGS)

lock:  ## renew the hashed locks (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements/run.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -o requirements/dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-deps requirements/mutation.in -o requirements/mutation.lock

clean:  ## remove what make made
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
