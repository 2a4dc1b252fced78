# Everything one does here: `make install`, `make test`, `make demo`, …; `make` alone lists them.

PYTHON ?= python3
VENV ?= .venv
# mysqlclient is compiled, so it is for machines that can.
MYSQL := $(shell command -v mariadb_config mysql_config | head -1 | grep -q . && command -v cc >/dev/null && \
	$(PYTHON) -c 'import os, sysconfig as s; exit(not os.path.exists(s.get_path("include") + "/Python.h"))' && echo mysql)
GROUPS ?= test dev docs $(MYSQL)
EXTRAS ?= rq rq-scheduler celery tasks slack postgres webhook apprise prometheus yaml
QUEUE ?= tasks
PORT ?= 8000
TESTS ?=

POETRY := .poetry/bin/poetry
BIN := $(VENV)/bin
space := $(subst ,, )
STAMP := $(VENV)/.installed-$(subst $(space),-,$(strip $(GROUPS) for $(EXTRAS)))
# What the demo needs, and nothing to compile.
DEMO_EXTRAS := tasks rq

.DEFAULT_GOAL := help
.PHONY: help install test test-databases coverage lint format types docs screenshots bench demo lock vendor nightly clean

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

install: $(STAMP) ## Make .venv with all that the lock file names

# Poetry lives in an environment of its own. It only exports the lock; pip installs, since it works with any index.
$(POETRY):
	$(PYTHON) -m venv .poetry
	.poetry/bin/python -m pip install --quiet --disable-pip-version-check "poetry>=2.2,<3" "poetry-plugin-export>=1.9,<2"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml poetry.lock | $(POETRY) $(BIN)/python
	$(POETRY) export --quiet $(addprefix --with=,$(strip $(GROUPS))) $(addprefix --extras=,$(strip $(EXTRAS))) \
		--output=$(abspath $(VENV))/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement=$(VENV)/requirements.txt
	@rm -f $(VENV)/.installed-*
	@touch "$@"

test: $(STAMP) ## Run all tests on SQLite; TESTS="eztaskmanager.tests.test_x" for some
	$(BIN)/python demoproject/manage.py test $(TESTS)

test-databases: $(STAMP) ## Run the tests that mean a database on PostgreSQL and on MariaDB
	DEMO_DATABASE=postgres $(BIN)/python demoproject/manage.py test --tag databases
	DEMO_DATABASE=mysql $(BIN)/python demoproject/manage.py test --tag databases

coverage: $(STAMP) ## Run all tests and tell what they do not reach
	$(BIN)/coverage run demoproject/manage.py test
	$(BIN)/coverage report

lint: $(STAMP) ## Look at form and style
	$(BIN)/black --check --quiet --diff eztaskmanager demoproject bench docs
	$(BIN)/flake8 eztaskmanager demoproject bench docs
	$(BIN)/python demoproject/manage.py makemigrations --check --dry-run

format: $(STAMP) ## Put the code into its form
	$(BIN)/black --quiet eztaskmanager demoproject bench docs

types: $(STAMP) ## Check the types
	$(BIN)/mypy eztaskmanager

docs: $(STAMP) ## Build the documentation into docs/_build/html
	$(MAKE) -C docs html SPHINXBUILD=$(abspath $(BIN))/sphinx-build

screenshots: $(STAMP) ## Take the pictures in docs/_static/screenshots, with Chromium
	$(BIN)/python docs/screenshots.py

bench: $(STAMP) ## Measure; BENCH="log_rate" for some
	$(BIN)/python bench/run.py $(BENCH)

demo: ## Try it: make demo, make demo QUEUE=rq, make demo PORT=9000
	@$(MAKE) --no-print-directory --question $(STAMP) 2>/dev/null || \
		$(MAKE) --no-print-directory install GROUPS="" EXTRAS="$(DEMO_EXTRAS)"
	@$(BIN)/python demoproject/demo.py --queue=$(QUEUE) --port=$(PORT)

lock: $(POETRY) ## Bring poetry.lock up to date with pyproject.toml
	$(POETRY) lock

nightly: $(STAMP) ## Look for weaknesses, try made-up input, sweep all time zones, follow the links
	BIN=$(BIN) .ci/nightly

vendor: ## Fetch the libraries that the pages bring along, with npm
	.ci/vendor

clean: ## Remove what was made
	rm -rf $(VENV) .poetry docs/_build demoproject/var .coverage htmlcov
