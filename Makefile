VENV ?= .venv
PYTHON ?= python3
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

.PHONY: run test test-all setup

run: setup
	$(PY) -m benchmark run --all $(ARGS)

# What a change is likely to break, in a few minutes; `make test-all` also runs what is slow by nature.
test: ARGS += -m "not slow"
test test-all: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	@# kernels are compiled once by one process: in a fresh clone the tests' processes would all compile, into one cache
	$(PY) -m tests.support.compiled & compiled=$$!; \
	$(PY) -m mypy && wait $$compiled
	$(PY) -m pytest -n auto --dist worksteal $(ARGS)

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@
