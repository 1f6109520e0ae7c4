# The two commands to know: `make demo` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := .tools/bin/uv
ONLY ?=
ADD ?=
SECONDS ?= 600
export LETTERBOX_DATA ?= $(CURDIR)/data

.PHONY: help demo run test test-slow check fix messages bench fuzz docs lock clean

help:
	@echo "make demo    everything running, with a pretend mail server and sample mailboxes"
	@echo "make run     the product, empty, at its first-run page"
	@echo "make test    all tests, in parallel"
	@echo "make check   format, lint, types, import layers, migrations, docs"
	@echo "make fix     format, mend what can be mended safely, write the tables of the docs"
	@echo "make messages  take new texts into the catalogues (ADD=fr begins one), and compile"
	@echo "make bench   the benchmarks (ONLY=name for one)"
	@echo "make fuzz    throw hostile bytes at a parser (ONLY=letter SECONDS=600)"
	@echo "make docs    read the documentation at http://127.0.0.1:8001"

demo: $(VENV)/.product
	@$(BIN)/letterbox demo

run: $(VENV)/.product
	@$(BIN)/letterbox run

test: $(VENV)/.dev
	@$(BIN)/python -m tests.servers
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-slow: $(VENV)/.dev
	@$(BIN)/python -m pytest -m slow $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/letterbox manage makemigrations --check --dry-run
	$(BIN)/letterbox manage check --deploy --fail-level ERROR
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tests.house.tables
	$(BIN)/python -m tools.messages

messages: $(VENV)/.dev
	@$(BIN)/python -m tools.messages $(ADD)

bench: $(VENV)/.dev
	@$(BIN)/python -m bench $(ONLY)

fuzz: $(VENV)/.dev
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-fuzz.lock
	@$(BIN)/python -m tests.fuzz $(ONLY) --seconds $(SECONDS)

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve -a 127.0.0.1:8001

lock: $(UV)
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate \
	  --extra demo --extra embedded pyproject.toml -o requirements.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate \
	  --group dev -c requirements.lock -o requirements-dev.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate \
	  --group fuzz -o requirements-fuzz.lock

clean:
	rm -rf $(VENV) .tools site

$(UV):
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; sys.exit(0 if sys.version_info >= (3, 11) else f"Letterbox needs Python 3.11 or newer; {sys.executable} is {v}. Try: make PYTHON=python3.12 demo")'
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/bin/python: | $(UV)
	@$(UV) venv --quiet --python $(PYTHON) $(VENV)

$(VENV)/.product: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Letterbox into $(VENV) …"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.product
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@
