# `make help` is the table of contents. Every target makes what it needs and says what it is doing, with times.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(abspath $(VENV))/bin
PYTHON ?= python3
STAMPS := .stamps
STEP := tools/step
export PATH := $(BIN):$(PATH)

.PHONY: help
help: ## This table of contents
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What is installed ---------------------------------------------------------------------------------------------------

$(STAMPS)/python: requirements/dev.txt pyproject.toml kernel/pyproject.toml
	@mkdir -p $(STAMPS)
	@command -v node >/dev/null || tools/debian_packages nodejs
	@$(STEP) "Python environment in $(VENV)" tools/python_environment $(PYTHON) $(VENV)
	@touch $@

node_modules/.yarn-state.yml: package.json yarn.lock .yarnrc.yml | $(STAMPS)/python
	@$(STEP) "npm packages of the panel" tools/quietly jlpm install --immutable
	@touch $@

PANEL_SOURCES := labextension/webpack.config.js $(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null)

$(STAMPS)/panel: node_modules/.yarn-state.yml $(PANEL_SOURCES) package.json labextension/tsconfig.json
	@$(STEP) "Building the panel" tools/quietly jlpm build:prod
	@touch $@

$(STAMPS)/editable: $(STAMPS)/panel
	@$(STEP) "Installing jupyter-dlaas-kernel and jupyter-dlaas" tools/install_editable
	@touch $@

.PHONY: browser
browser:
	@$(STEP) "Debian packages for the browser tests" tools/debian_packages chromium fonts-liberation

.PHONY: xrootd
xrootd:
	@$(STEP) "Debian packages for XRootD and its clients" tools/debian_packages xrootd-server xrootd-scitokens-plugins xrootd-client \
	  gfal2-util-scripts gfal2-plugin-file gfal2-plugin-http gfal2-plugin-xrootd

tests/ui/node_modules/.yarn-state.yml: tests/ui/package.json tests/ui/yarn.lock | $(STAMPS)/editable
	@cd tests/ui && ../../$(STEP) "npm packages of the browser tests" ../../tools/quietly jlpm install --immutable
	@touch $@

tests/hub/node_modules/.yarn-state.yml: tests/hub/package.json tests/hub/yarn.lock | $(STAMPS)/editable
	@cd tests/hub && ../../$(STEP) "npm package of the hub's proxy" ../../tools/quietly jlpm install --immutable
	@touch $@

# Without it the lake lacks its identity provider, and says so: nobody needs root for a demonstration.
.PHONY: npm
npm:
	@command -v npm >/dev/null || [ "$$(id -u)" -ne 0 ] || \
	  $(STEP) "Debian packages for the lake's identity provider" tools/debian_packages npm

.PHONY: lake-environment
lake-environment: $(STAMPS)/editable npm
	@$(STEP) "The lake's own environment (a genuine Rucio)" jupyter dlaas lake prepare

.PHONY: lake-environment-postgresql
lake-environment-postgresql: $(STAMPS)/editable npm
	@$(STEP) "The lake's own environment with PostgreSQL" jupyter dlaas lake prepare --db postgresql

.PHONY: install
install: $(STAMPS)/editable browser tests/ui/node_modules/.yarn-state.yml lake-environment ## A virtual environment .venv with everything

# What is used --------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(STAMPS)/editable lake-environment ## A lake and a JupyterLab on it, from nothing (ARGS="--no-browser --port 8888")
	@jupyter dlaas demo $(ARGS)

# What is checked -----------------------------------------------------------------------------------------------------

.PHONY: check
check: $(STAMPS)/editable ## Format, lint, types, architecture, schema drift, authentication of every handler
	@$(STEP) "ruff format" ruff format --check .
	@$(STEP) "ruff lint" ruff check .
	@$(STEP) "mypy" mypy
	@$(STEP) "Architecture (import-linter)" lint-imports
	@$(STEP) "Schema drift" python tools/generate_schema.py --check
	@$(STEP) "Reference docs drift" python tools/generate_reference.py --check
	@$(STEP) "Every handler asks who it is" python tools/check_auth.py
	@$(STEP) "Size of the panel" python tools/panel_size.py
	@$(STEP) "prettier" jlpm prettier
	@$(STEP) "stylelint" jlpm stylelint
	@$(STEP) "eslint" jlpm eslint
	@$(STEP) "tsc" jlpm typecheck

.PHONY: test test-python test-lake-postgresql test-panel test-ui
test: test-python test-lake-postgresql test-panel test-ui ## All tests, and everything that they need

test-python: install xrootd tests/hub/node_modules/.yarn-state.yml ## The library, the server and the lake (on SQLite)
	@$(STEP) "Python tests" pytest $(ARGS)

test-lake-postgresql: install xrootd lake-environment-postgresql ## The lake's tests once more, on PostgreSQL
	@$(STEP) "Lake tests on PostgreSQL" pytest tests/lake --db=postgresql $(ARGS)

test-panel: $(STAMPS)/editable ## Unit tests of the panel
	@$(STEP) "Panel unit tests" jlpm test

test-ui: install ## The whole job in Chromium
	@$(STEP) "Browser tests" python tests/ui/run.py

.PHONY: screenshots
screenshots: install ## Renew the screenshots of the documentation
	@$(STEP) "Screenshots" env SCREENSHOTS=1 python tests/ui/run.py main-job.spec.ts pictures.spec.ts
	@$(STEP) "Pictures of the tutorials" env SCREENSHOTS=1 pytest -q tests/notebooks/test_tutorials.py

.PHONY: bench
bench: install ## The benchmarks (NAME=one of them), a JSON object per line
	@python -m tests.bench $(NAME)

# What is renewed -----------------------------------------------------------------------------------------------------

.PHONY: lock schema fix clean
lock: ## Renew requirements/dev.txt from the three lists of requirements
	@$(STEP) "Resolving" uv pip compile -q --upgrade --universal --python-version 3.10 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --extra demo --no-emit-package jupyter-dlaas-kernel \
	  --no-emit-package jupyter-dlaas pyproject.toml kernel/pyproject.toml requirements/dev.in -o requirements/dev.txt

schema: $(STAMPS)/editable ## Generate the API's schema, the panel's types and the reference docs from the code
	@python tools/generate_schema.py
	@python tools/generate_reference.py

fix: $(STAMPS)/editable ## Format and mend what can be mended by machine
	@ruff format . && ruff check --fix . && jlpm lint:fix

clean: ## Remove what was built, keep the lake
	@rm -rf $(STAMPS) $(VENV) node_modules tests/ui/node_modules labextension/lib labextension/tsconfig.tsbuildinfo jupyter_dlaas/labextension
