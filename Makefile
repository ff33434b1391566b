# Each target sets up what it needs in .venv, by itself; the second run of a
# target finds it there. PYTHON=/path/to/python chooses another interpreter.

.PHONY: help demo test coverage test-thorough test-processes test-versions \
    versions interop interop-compare interop-up interop-full \
    interop-full-up interop-release \
    chaos plan-kills drills bench growth look lint docs package clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet

# The first interpreter that is new enough and can make environments.
CANDIDATES := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# Nothing of the caller's clouds or interpreter reaches what is run here.
unexport $(filter OS_%,$(.VARIABLES)) PYTHONPATH PYTHONHOME VIRTUAL_ENV
# or each process of the tests would compile every module again
unexport PYTHONDONTWRITEBYTECODE

# An environment keeps the path that it was made under: after the tree was
# copied or moved it is made anew.
ifneq ($(shell cat $(VENV)/made-at 2>/dev/null),$(CURDIR))
$(shell rm -f $(VENV)/.made $(VENV)/.run $(VENV)/.test $(VENV)/.lint)
endif

help:
	@echo "make demo           Run a failover and a failback between two sites."
	@echo "make test           Run the tests; PYTEST_ARGS='-k name' selects some."
	@echo "make coverage       The same, and the share of branches that they run."
	@echo "make test-thorough  Fuzz the API, and break the engine on purpose."
	@echo "make test-processes Run the tests that kill real processes."
	@echo "make test-versions  Run some tests under the oldest versions."
	@echo "make interop  the sandbox behind two real Keystones"
	@echo "make interop-compare  the emulated Keystone beside a real one"
	@echo "make interop-up  the same two Keystones to try things on, until Ctrl-C"
	@echo "make interop-full  real Nova, Neutron and Cinder at both sites, too"
	@echo "make interop-release  the same and more, at each release"
	@echo "make interop-full-up  the same to try things on, until Ctrl-C"
	@echo "make versions       Run all tests under each release of OpenStack."
	@echo "make chaos          Run thousands of seeded disasters, and a fleet."
	@echo "make drills         Drill sixty groups, and a year of three hundred."
	@echo "make plan-kills     Kill and resume a runner of plans, 50 times 20."
	@echo "make bench          Measure the figures of benchmarks/README.rst."
	@echo "make growth         Measure what more members, groups and so on cost."
	@echo "make look           Take pictures of the reports with chromium."
	@echo "make lint           Check style, types and the documentation."
	@echo "make docs           Build the documentation in doc/build/html."
	@echo "make package        Build sdist and wheel, and try each extra."
	@echo "make clean          Remove what the other targets created."

$(VENV)/.made:
	@set -e; found=; \
	for python in $(CANDIDATES); do \
	    if $$python -c '$(USABLE)' 2>/dev/null; then \
	        found=$$python; break; \
	    fi; \
	done; \
	if test -z "$$found"; then \
	    echo "Python 3.11 or later with venv is needed" >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$($$found --version)"; \
	$$found -m venv --clear $(VENV)
	@echo "$(CURDIR)" > $(VENV)/made-at
	@touch $@

$(VENV)/.run: $(VENV)/.made setup.cfg setup.py
	@echo "installing the client and the sandbox"
	@$(INSTALL) --editable '.[cli,fakeserver]'
	@touch $@

$(VENV)/.test: $(VENV)/.made setup.cfg setup.py
	@echo "installing what the tests need"
	@$(INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.lint: $(VENV)/.made setup.cfg setup.py tools/requirements-lint.txt
	@echo "installing the linters"
	@$(INSTALL) --editable '.[doc,test]' \
	    --requirement tools/requirements-lint.txt
	@touch $@

demo: $(VENV)/.run
	@$(BIN)/python tools/demo.py

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS)

# The same tests; fails when less of the branches is run than the floor.
coverage: $(VENV)/.test
	$(BIN)/python -m pytest -n 3 --dist worksteal --cov --cov-report= \
	    $(PYTEST_ARGS)
	$(BIN)/python -m coverage html -q
	$(BIN)/python -m coverage report
	@echo "htmlcov/index.html"

test-thorough: $(VENV)/.test
	$(BIN)/python -m pytest -n 3 --dist worksteal -m thorough $(PYTEST_ARGS)

test-processes: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal -m processes $(PYTEST_ARGS)

# Two real Keystones with the sandbox behind them, once a minute is spent on
# their environment; INTEROP_DIR=... is another folder for the run.
INTEROP := $(BIN)/python -m tests.interop
INTEROP_OPTIONS := $(if $(INTEROP_DIR),--dir $(INTEROP_DIR))

interop: $(VENV)/.test
	@$(INTEROP) test $(INTEROP_OPTIONS) $(PYTEST_ARGS)

interop-compare: $(VENV)/.test
	@$(INTEROP) compare $(INTEROP_OPTIONS) $(PYTEST_ARGS)

interop-up: $(VENV)/.test
	@$(INTEROP) up $(INTEROP_OPTIONS)

# Real Nova, Neutron, Cinder and Placement at both sites as well. It needs
# RabbitMQ, and says so; with MariaDB it is quicker and more robust.
interop-full: $(VENV)/.test
	@$(INTEROP) full $(INTEROP_OPTIONS) $(PYTEST_ARGS)

interop-release: $(VENV)/.test
	@$(INTEROP) release $(INTEROP_OPTIONS) $(PYTEST_ARGS)

interop-full-up: $(VENV)/.test
	@$(INTEROP) full-up $(INTEROP_OPTIONS)

# The whole suite under each file of tests/constraints and the newest of all;
# VERSIONS="2025.1 lowest" names some, PYTEST_ARGS="-m versions" narrows it.
versions: $(VENV)/.made
	@$(BIN)/python tools/versions.py $(VERSIONS) \
	    --pytest='-q -n 3 --dist worksteal $(PYTEST_ARGS)'

# One test for each command and endpoint, under the oldest ones.
test-versions: $(VENV)/.made
	@$(BIN)/python tools/versions.py 2025.1 lowest \
	    --pytest='-q -n 3 --dist worksteal -m versions $(PYTEST_ARGS)'

chaos: $(VENV)/.test
	CHAOS_RUNS=$(or $(CHAOS_RUNS),2000) $(BIN)/python -m pytest -q -n 2 \
	    -m 'not processes' tests/chaos/test_in_process.py $(PYTEST_ARGS)
	CHAOS_RUNS=$(or $(CHAOS_KILLS),100) $(BIN)/python -m pytest -q \
	    -m processes tests/chaos/test_processes.py $(PYTEST_ARGS)
	FLEET_GROUPS=200 $(BIN)/python -m pytest -q \
	    tests/contract/test_engine_fleet.py $(PYTEST_ARGS)

# Sixty groups drilled by a runner that is killed, and years of a timer.
drills: $(VENV)/.test
	DRILL_GROUPS=60 DRILL_KILLS=25 DRILL_SEEDS=$(or $(DRILL_SEEDS),3) \
	    $(BIN)/python -m pytest -q -n 2 tests/chaos/test_drill_kills.py \
	    $(PYTEST_ARGS)
	DRILL_GROUPS=300 DRILL_DAYS=365 DRILL_LIMIT=90 DRILL_SEEDS=8 \
	    $(BIN)/python -m pytest -q -n 2 -k year tests/unit/drill

# A runner of plans, killed and resumed: 40 groups, 50 seeds.
plan-kills: $(VENV)/.test
	PLAN_SEEDS=$(or $(PLAN_SEEDS),50) PLAN_GROUPS=40 PLAN_KILLS=20 \
	    $(BIN)/python -m pytest -q -n 2 -m 'not processes' \
	    tests/chaos/test_plan_kills.py $(PYTEST_ARGS)

# What figures have as peers, apart from what ours stands on.
PEERS := .venv-bench

$(PEERS)/.made: $(VENV)/.made benchmarks/peers.txt
	@echo "installing the peers of the benchmarks"
	@$(BIN)/python -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check install --quiet \
	    --requirement benchmarks/peers.txt
	@touch $@

# Each figure beside a peer; BENCH="operation-show server-*" names some, and
# BENCH_ARGS=--keep adds the run to benchmarks/results.
bench: $(VENV)/.test $(PEERS)/.made
	@$(BIN)/python -m benchmarks $(BENCH_ARGS) $(BENCH)

# The curves of doc/source/contributor/growth.rst, which takes long;
# GROWTH="members groups" names some, GROWTH_ARGS=--keep keeps them.
growth: $(VENV)/.test
	@$(BIN)/python -m benchmarks.growth $(GROWTH_ARGS) $(GROWTH)

# Pictures of the reports, to be looked at: LOOK_DIR=... is another folder.
look: $(VENV)/.test
	@$(BIN)/python tools/look.py $(or $(LOOK_DIR),look)

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/doc8 -q README.rst CONTRIBUTING.rst CHANGES.rst doc/source benchmarks
	$(BIN)/sphinx-build -W --keep-going -q doc/source doc/build/html

docs: $(VENV)/.lint
	$(BIN)/sphinx-build -W --keep-going -q doc/source doc/build/html
	@echo "doc/build/html/index.html"

package: $(VENV)/.made
	@$(BIN)/python tools/package.py

clean:
	rm -rf $(VENV) $(PEERS) .venv-versions .tox build dist *.egg-info doc/build
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf .coverage .coverage.* htmlcov look
	find . -name __pycache__ -prune -exec rm -rf {} +
