# The system's commands. Each does all the set-up it needs and may be run again at any time.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python
# Byte code is kept, whatever the caller prefers: without it every start compiles thousands of files.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev database demo serve stop status test check lint docs bench bench-peers lock clean tests coverage
.PHONY: linted-tests built-tests lint-types lint-style lint-format lint-imports lint-js lint-migrations lint-deployment
.PHONY: built-docs built-static built-kernels

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what the system needs (Debian packages only where missing)
	@deploy/setup.sh

setup-dev: ## install what tests and lint need as well
	@deploy/setup.sh dev

database: setup
	@$(PY) -m deploy up postgres redis
	@$(PY) -m deploy prepare
	@$(PY) manage.py migrate -v0 # which begins with all of Django's checks

demo: database docs ## simulate nights, process them into an archive, serve the portal
	@$(PY) -m deploy.built static
	@$(PY) -m deploy up worker beat queue
	@$(PY) manage.py demo
	@$(PY) -m deploy up
	@$(PY) manage.py demo --summary

serve: database docs ## start what is stopped; process nothing
	@$(PY) -m deploy.built static
	@$(PY) -m deploy up
	@$(PY) manage.py demo --summary

stop: ## stop everything that runs
	@if [ -x $(PY) ]; then $(PY) -m deploy down; fi

status: ## show what runs
	@$(PY) -m deploy status

test: setup-dev ## lint, then all tests; leaves nothing running
	@deploy/with_servers.sh $(MAKE) linted-tests

check: setup-dev ## lint and the fast tests, for use while working
	@deploy/with_servers.sh $(MAKE) linted-tests PYTEST='-m "not slow and not browser"'

linted-tests:
	@$(SIDE_BY_SIDE) $(LINT) $(BUILT)
	@$(MAKE) built-tests

tests: # PYTEST: further options
	@$(SIDE_BY_SIDE) $(BUILT)
	@$(MAKE) built-tests

# One more than cores, four at most: browsers, servers and clients are waited for
PROCESSES = $(shell cores=$$(nproc); echo $$((cores < 4 ? cores + 1 : 4)))

built-tests:
	@OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(PY) -m pytest -n $(PROCESSES) $(PYTEST)

coverage: setup-dev ## the same tests, with the lines that none of them runs
	@deploy/with_servers.sh $(MAKE) tests PYTEST="--cov --cov-report=term:skip-covered"

lint: ## ruff, import rules, types, scripts, migrations and deploy checks
	@$(SIDE_BY_SIDE) $(LINT)

# What each of them says stays together; where one fails the others go on
SIDE_BY_SIDE = $(MAKE) --jobs=2 --keep-going --output-sync=target
LINT = lint-types lint-style lint-format lint-imports lint-js lint-migrations lint-deployment
BUILT = built-kernels built-docs built-static

lint-types:
	@.venv/bin/mypy

lint-style:
	@.venv/bin/ruff check .

lint-format:
	@.venv/bin/ruff format --check .

lint-imports:
	@.venv/bin/lint-imports

lint-js: # types by JSDoc, then ESLint
	@PATH="$$PWD/.venv/bin:$$PATH" node_modules/.bin/tsc --project .
	@PATH="$$PWD/.venv/bin:$$PATH" node_modules/.bin/eslint .

lint-migrations:
	@$(PY) manage.py makemigrations --check --dry-run

lint-deployment:
	@HTTPS=1 PROXIES=1 ALLOWED_HOSTS=archive.example.org $(PY) manage.py check --deploy --fail-level WARNING

built-docs built-static: built-%:
	@$(PY) -m deploy.built $*

built-kernels: # once, not by each process of the tests
	@OMP_NUM_THREADS=1 $(PY) manage.py shell -v0 -c "$$KERNELS"

define KERNELS
from lightcurves.periods.warmup import warm_up as compile_periods
from processing.executive.warmup import warm_up as compile_pipelines
compile_pipelines()
compile_periods()
endef
export KERNELS

docs: setup ## build the documentation that the portal serves under /help/
	@$(PY) -m deploy.built docs

bench: ## list the measurements; run one with: python -m bench NAME
	@$(PY) -m bench

bench-peers: ## install the programs that the measurements stand beside (Debian packages)
	@$(if $(filter 0,$(shell id -u)),,sudo) apt-get install -y --no-install-recommends source-extractor scamp psfex \
	  python3-gavo postgresql-15-pgsphere

lock: setup-dev ## write the lock files from requirements*.in
	@for name in requirements requirements-setup requirements-dev; do \
	  .venv/bin/uv pip compile -q --universal --generate-hashes --python-version 3.11 \
	    --no-header --no-emit-index-url $$name.in -o $$name.txt; done

clean: ## remove everything that was made here: data, environment, built files; asks where data are not the demo's
	@python3 -m deploy.cleaning
