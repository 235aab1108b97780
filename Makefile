# Préau: `make run` shows a demo school, `make test` checks everything, `make help` lists the rest.

PYTHON  ?= python3
PORT    ?= 8080
WORKERS ?= 2
# More arguments for pytest, for one of the test targets: make test-unit ARGS="-k feed -x"
ARGS    ?=

VENV := .venv
BIN  := $(VENV)/bin
# Debian's floor is always Debian's interpreter, whatever python3 is first on PATH.
DEBIAN_PYTHON := /usr/bin/python3
DEBIAN_VENV   := .venv-debian

STEP   := tools/step run
PIP    := $(BIN)/python -m pip --disable-pip-version-check -qq
PYTEST := $(BIN)/python -m pytest --quiet
NOT_FETCHED = echo "pip could not install them: its reason stands above. Is there a network, room on the disk (df -h)?"; exit 1
# No user site: what somebody installed for themselves is not Debian's.
DEBIAN_PYTEST := tools/debian-packages with floor env PYTHONNOUSERSITE=1 PREAU_FLOOR=debian \
	$(DEBIAN_VENV)/bin/python -m pytest --quiet

# In this order; the first that fails ends the run.
TEST_STEPS := lint test-unit test-postgresql test-debian test-debian-postgresql test-slow \
	test-slow-debian test-package test-drills test-bench

# Whose environment .venv is: of this folder and of this Python. Moved, copied, or after an upgrade of Debian, it would
# run nothing or another folder's code, so it is made anew.
OWNER = $$(pwd -P) $$(readlink -f $(BIN)/python)
ifeq ($(shell [ ! -s $(VENV)/.runtime ] || [ "$$(cat $(VENV)/.runtime)" = "$(OWNER)" ] || echo other),other)
$(info $(VENV) was made by another Python or for another folder: it is made anew.)
$(shell rm -rf $(VENV))
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run demo-reset install upgrade test test-packages lint format test-unit test-postgresql test-debian \
	test-debian-postgresql test-slow test-slow-debian test-package test-drills test-bench bench deb messages screenshots clean

help: ## List these targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## Show a demo school on http://127.0.0.1:8080 (PORT=9000 changes the port)
	@$(BIN)/preau demo --port $(PORT)

demo-reset: ## Forget the demo school; the next `make run` makes it anew
	@rm -rf var/demo
	@echo "The demo school is gone. 'make run' makes a new one."

install: $(VENV)/.tests ## Prepare .venv with everything that development needs

upgrade: ## Bring the libraries in .venv to the newest versions
	@rm -f $(VENV)/.runtime $(VENV)/.tests
	@$(MAKE) --no-print-directory install UPGRADE="--upgrade --upgrade-strategy eager"

test: test-packages $(VENV)/.tests ## Check everything: style, unit suite on 2 databases × 2 sets of libraries, browser, server
	@tools/step begin
	@status=0; for step in $(TEST_STEPS); do \
		$(MAKE) --no-print-directory $$step || { status=$$?; break; }; \
	done; tools/step end; exit $$status

test-packages: ## Install the Debian packages that the tests use (as root or with sudo; else tells which)
	@tools/debian-packages install

lint: $(VENV)/.tests ## Check style: ruff's rules and its format
	@$(STEP) "Style: rules" $(BIN)/ruff check
	@$(STEP) "Style: format" $(BIN)/ruff format --check

format: $(VENV)/.tests ## Put the code in shape: ruff's fixes and its format
	@$(BIN)/ruff check --fix --exit-zero --quiet
	@$(BIN)/ruff format

test-unit: $(VENV)/.tests ## The unit suite on SQLite and the newest libraries
	@$(STEP) "Unit suite: SQLite, newest libraries" $(PYTEST) -n $(WORKERS) $(ARGS)

test-postgresql: $(VENV)/.tests ## The unit suite on PostgreSQL (a throw-away server) and the newest libraries
	@$(STEP) "Unit suite: PostgreSQL, newest libraries" $(PYTEST) -n $(WORKERS) --db postgresql $(ARGS)

test-debian: $(DEBIAN_VENV)/.made ## The unit suite on SQLite and Debian's own libraries
	@$(STEP) "Unit suite: SQLite, Debian's libraries" $(DEBIAN_PYTEST) -n $(WORKERS) $(ARGS)

test-debian-postgresql: $(DEBIAN_VENV)/.made ## The unit suite on PostgreSQL and Debian's own libraries
	@$(STEP) "Unit suite: PostgreSQL, Debian's libraries" $(DEBIAN_PYTEST) -n $(WORKERS) --db postgresql $(ARGS)

test-slow: $(VENV)/.tests ## The real server, the real browser, and whatever takes longer
	@$(STEP) "Browser, server and slow tests" $(PYTEST) -n $(WORKERS) -m "browser or server or slow" $(ARGS)

test-slow-debian: $(DEBIAN_VENV)/.made ## What takes longer, where database and libraries count: PostgreSQL and Debian's own
	@$(STEP) "Slow tests: PostgreSQL, Debian's libraries" $(DEBIAN_PYTEST) -n $(WORKERS) --db postgresql \
		-m "slow and not (browser or server)" tests/access tests/features tests/services $(ARGS)

# One after the other: some of them time what a visitor, a reader of a log or systemd sees.
test-package: $(VENV)/.tests ## The Debian package, on machines of both suites that boot in containers (as root)
	@$(STEP) "Package on Debian 12 and 13" $(PYTEST) -m package $(ARGS)

test-drills: $(VENV)/.tests ## On such machines: upgrades and the way back, places of backups, the operator's pages
	@$(STEP) "Drills on Debian 12 and 13" $(PYTEST) -m drill $(ARGS)

test-bench: $(VENV)/.tests ## A short measurement, alone on the machine: it must work and not be far off
	@$(STEP) "Short measurement" $(PYTEST) -m bench $(ARGS)

bench: $(VENV)/.tests ## Measure the speed against a Flask "hello" on the same server, and print the table
	@$(BIN)/python -m tests.bench

deb: ## Build the Debian package in dist/, the same bytes each time
	@tools/build-deb dist

messages: $(VENV)/.tests ## Bring the translations up to date with the texts of the code
	@$(BIN)/python tools/messages

screenshots: $(VENV)/.tests ## Take the pictures of docs/screenshots anew, from a fresh demo school
	@$(BIN)/python -m tests.browser.take_screenshots

clean: ## Remove what make made, except the demo school
	@rm -rf $(VENV) $(DEBIAN_VENV) .cache .hypothesis build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Préau needs Python 3.11 or later, and $(PYTHON) is not. Name another: make PYTHON=/usr/bin/python3 …"; exit 1; }
	@echo "Creating $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python cannot make environments here. On Debian: apt install python3-venv"; exit 1; }

$(VENV)/.runtime: pyproject.toml | $(BIN)/python
	@echo "Installing Préau's libraries into $(VENV) (about a minute the first time) …"
	@$(PIP) install $(UPGRADE) --editable . || { $(NOT_FETCHED); }
	@echo "$(OWNER)" >$@
	@echo "Installed."

$(VENV)/.tests: pyproject.toml | $(BIN)/python
	@echo "Installing Préau's libraries and test tools into $(VENV) (a minute or two the first time) …"
	@$(PIP) install $(UPGRADE) --editable '.[test,postgresql]' || { $(NOT_FETCHED); }
	@echo "$(OWNER)" | tee $(VENV)/.runtime >$@
	@echo "Installed."

# No pip in it: nothing but Debian's packages can get there.
$(DEBIAN_VENV)/.made:
	@rm -rf $(DEBIAN_VENV)
	@if [ -x $(DEBIAN_PYTHON) ]; then $(DEBIAN_PYTHON) -m venv --system-site-packages --without-pip $(DEBIAN_VENV) && touch $@; fi
