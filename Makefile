# `make run`, `make test` and `make bench` each set the machine up first (once).
VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= python3
STAMP := $(VENV)/.ready

.PHONY: run test bench setup lint check clean conformance pictures

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt installer/system-packages.sh
	@bash installer/system-packages.sh
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch==2.13.0 --editable . --group dev
	@touch $(STAMP)

run: setup
	@$(PY) -m mammoview demo

test: setup
	$(PY) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

bench: setup
	$(PY) -m bench

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

# Writes docs/conformance.md from docs/conformance.toml and the tests' `meets` markers.
conformance: setup
	$(PY) tests/conformance.py

# Takes the manual's pictures anew, from the real window.
pictures: setup
	$(PY) -m bench.manual

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
