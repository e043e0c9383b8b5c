# Two commands do it all: `make demo` shows mlsec at work, `make test` runs the tests.
SHELL := /bin/sh
# Each of some hundred processes would compile the whole of mlsec again.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
OUT := out/demo
SERVERS := .venv-servers
CHECKOV := .venv-checkov
TRESTLE := .venv-trestle
ORACLES := .venv-oracles
HELM := .venv-helm
COMMANDS := .venv-commands
SITE := .venv-site
RELEASE := .venv-release
CHROME ?= chromium
# It trusts what the system trusts, as pip does: the certificate of a company's proxy too.
UV = $(BIN)/uv --system-certs
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header
# One more than the two cores of the smallest machine: tests wait for servers and for disks.
WORKERS ?= 3
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist worksteal
# The folders of tests/ where a test scans, or attacks, as a user would.
WHOLE := attacks deploy e2e incidents servers
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null \
	&& { echo "$$p"; break; }; done)

.PHONY: help demo test nightly units fleet check commands docs man site picture bench fuzz release-check servers checkov trestle oracles helm lock wheel demo-fixture generated new-service clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   scan the example deployment in fixtures/demo into $(OUT)"
	@echo "make test   run the tests"
	@echo "make nightly  run all tests, those too that are too dear for every change"
	@echo "make units  run the tests of the parts alone: no whole scans, no browser"
	@echo "make fleet  scan an organisation of 70 scopes with 4 workers and with one process, and compare"
	@echo "make check  style, types, layers, generated files in step"
	@echo "make docs   write the generated files again"
	@echo "make generated  all that is generated: make docs, and the demo's evidence"
	@echo "make new-service OPERATION=SERVICE:Operation TYPE=aws.service.noun  begin a new AWS type"
	@echo "make man    write the manual page mlsec(1) into out/man"
	@echo "make site   build the documentation site into out/site, warnings are errors"
	@echo "make picture  make the README's picture of the report again, with chromium"
	@echo "make bench  measure, each figure beside its peer or its floor"
	@echo "make servers  set up the real model servers that tests/servers starts"
	@echo "make commands  write what the real command lines take of the commands in fixes"
	@echo "make checkov  set up checkov in an environment of its own, for --with checkov"
	@echo "make trestle  set up compliance-trestle, with which the tests validate OSCAL"
	@echo "make helm   set up Helm's engine and Kubernetes' schemas, with which the tests try the chart"
	@echo "make oracles  set up the independent analysers that the differential tests compare with"
	@echo "make wheel  build dist/mlsec_scanner-*.whl"
	@echo "make release-check  build a release twice, compare, describe, sign and verify it in out/release"
	@echo "make lock   pin the versions of everything in requirements/*.lock again"
	@echo "make clean  remove what make made: environments, out, dist"
	@echo "make fuzz   feed damaged input to every reader and parser, SECONDS=60 each (ONLY=reader-zip: one)"

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "mlsec needs Python 3.11 to 3.14: install one (Debian: apt-get install python3 python3-venv)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) lacks the venv module: install it (Debian: apt-get install python3-venv)" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: $(VENV)/bin/python requirements/run.lock pyproject.toml
	@echo "setting up $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev-ready: $(VENV)/.run-ready requirements/dev.lock
	@echo "adding what the tests need ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

demo: $(VENV)/.run-ready
	@$(BIN)/mlsec scan --evidence fixtures/demo --waivers fixtures/demo/waivers.yaml -o $(OUT) --fail-on none --min-coverage 0

test: $(VENV)/.dev-ready
	@$(PYTEST)

nightly: $(VENV)/.dev-ready
	@$(PYTEST) -m ""

units: $(VENV)/.dev-ready
	@$(PYTEST) -m "not (nightly or slow or browser)" $(addprefix --ignore=tests/,$(WHOLE))

fleet: $(VENV)/.dev-ready
	@$(BIN)/python -m tests.bench.bench_fleet_company

check: $(VENV)/.dev-ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mlsec rules test
	@$(BIN)/python -m docs.generate --check

docs: $(VENV)/.dev-ready
	@$(BIN)/python -m docs.generate

man: $(VENV)/.dev-ready
	@$(BIN)/python -m docs.man out/man
	@echo "read it: man -l out/man/mlsec.1"

site: $(SITE)/.ready $(VENV)/.dev-ready
	@$(BIN)/python -m docs.site.build out/site-build
	@NO_COLOR=1 $(SITE)/bin/zensical build --strict --config-file out/site-build/zensical.toml
	@rm -rf out/site && mv out/site-build/site out/site
	@$(BIN)/python -m docs.site.check out/site
	@echo "open out/site/index.html"

# The generator is no part of mlsec and reads nothing of it: it lives apart too.
$(SITE)/.ready: requirements/site.lock | $(VENV)/bin/python
	@echo "setting up $(SITE) ..." >&2
	@$(BIN)/python -m venv $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/site.lock
	@touch $@

# What the README shows of the report: to be made again when the report changes.
picture: demo
	@$(CHROME) --headless $$([ "$$(id -u)" = 0 ] && echo --no-sandbox) --disable-gpu --hide-scrollbars \
		--window-size=1200,900 --virtual-time-budget=3000 --screenshot=docs/images/report.webp \
		"file://$(CURDIR)/$(OUT)/report.html" >/dev/null 2>&1
	@ls -l docs/images/report.webp

bench: $(VENV)/.dev-ready
	@$(BIN)/python -m tests.bench

fuzz: $(VENV)/.dev-ready
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check atheris
	@$(BIN)/python -m tests.fuzz --all $(or $(SECONDS),60) $(ONLY)

servers: $(SERVERS)/.ready

# What the servers depend on is not what mlsec depends on: they live apart from it. The lock holds
# all that they need to start, and not all that they ask for: requirements/servers-without.txt.
$(SERVERS)/.ready: requirements/servers.lock | $(VENV)/.dev-ready
	@echo "setting up $(SERVERS) ..." >&2
	@$(BIN)/python -m venv $(SERVERS)
	@$(UV) pip install --quiet --python $(SERVERS)/bin/python --no-deps --require-hashes -r requirements/servers.lock
	@touch $@

checkov: $(CHECKOV)/.ready

# It pins a boto3 that lacks half of what is read here: it lives apart too.
$(CHECKOV)/.ready: requirements/checkov.lock
	@echo "setting up $(CHECKOV) ..." >&2
	@$(PYTHON) -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/checkov.lock
	@touch $@

trestle: $(TRESTLE)/.ready

# It pins pydantic and more: it lives apart too.
$(TRESTLE)/.ready: requirements/trestle.lock
	@echo "setting up $(TRESTLE) ..." >&2
	@$(PYTHON) -m venv $(TRESTLE)
	@$(TRESTLE)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/trestle.lock
	@touch $@

oracles: $(ORACLES)/.ready

# Their pins are not ours: they live apart too.
$(ORACLES)/.ready: requirements/oracles.lock
	@echo "setting up $(ORACLES) ..." >&2
	@$(PYTHON) -m venv $(ORACLES)
	@$(ORACLES)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/oracles.lock
	@touch $@

helm: $(HELM)/.ready

# A native library, for the tests alone: it lives apart too.
$(HELM)/.ready: requirements/helm.lock
	@echo "setting up $(HELM) ..." >&2
	@$(PYTHON) -m venv $(HELM)
	@$(HELM)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: --require-hashes -r requirements/helm.lock
	@touch $@

# The newest command lines, which are what a reader has: the tables say which versions they are of.
# gcloud is on no package index: with CLOUDSDK_ROOT=... naming an unpacked one its table is written.
commands: $(VENV)/.dev-ready
	@for tool in aws az; do test -x $(COMMANDS)/$$tool/bin/$$tool || { \
	  $(PYTHON) -m venv $(COMMANDS)/$$tool \
	  && $(COMMANDS)/$$tool/bin/python -m pip install --quiet --disable-pip-version-check \
	    $$(test $$tool = aws && echo awscli || echo azure-cli); } || exit; done
	@$(BIN)/python -m tests.commands.printed aws > $(COMMANDS)/aws.txt
	@$(COMMANDS)/aws/bin/python tests/commands/aws_table.py $(COMMANDS)/aws.txt > tests/commands/aws.json
	@$(BIN)/python -m tests.commands.printed az > $(COMMANDS)/azure.txt
	@$(COMMANDS)/az/bin/python tests/commands/az_table.py $(COMMANDS)/azure.txt > tests/commands/azure.json
	@test -z "$$CLOUDSDK_ROOT" || { $(BIN)/python -m tests.commands.printed gcloud > $(COMMANDS)/gcp.txt \
	  && $(PYTHON) -W ignore tests/commands/gcloud_table.py $(COMMANDS)/gcp.txt > tests/commands/gcp.json; }

# What follows from plans, vocabulary and rules: one command after a change of any of them.
generated: docs demo-fixture

new-service: $(VENV)/.dev-ready
	@$(BIN)/python -m tests.develop.new_service $(OPERATION) $(TYPE)

demo-fixture: $(VENV)/.dev-ready
	@$(BIN)/python -m tests.estate.demo

$(RELEASE)/.ready: requirements/release.lock | $(VENV)/bin/python
	@echo "setting up $(RELEASE) ..." >&2
	@$(PYTHON) -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: --require-hashes -r requirements/release.lock
	@touch $@

# All of a release that needs no service: ci/release.sh says what.
release-check: $(RELEASE)/.ready
	@$(RELEASE)/bin/zizmor --offline --quiet --persona pedantic .github/workflows action.yml
	@sed 's/@COMMIT/@$(shell printf %040d 0)/' docs/ci/github-schedule.yml | $(RELEASE)/bin/zizmor --offline --quiet --persona pedantic -
	@MLSEC_RELEASE_PYTHON=$(CURDIR)/$(RELEASE)/bin/python ci/release.sh check out/release

# What is shipped has the versions that the tests run with.
lock: $(VENV)/.dev-ready
	@$(COMPILE) --all-extras --group dev pyproject.toml -o requirements/dev.lock
	@$(COMPILE) --constraints requirements/dev.lock pyproject.toml -o requirements/run.lock
	@$(COMPILE) --constraints requirements/dev.lock --extra iac pyproject.toml -o requirements/ci.lock
	@$(COMPILE) --constraints requirements/dev.lock --extra all pyproject.toml -o requirements/cloud.lock
	@$(COMPILE) --overrides requirements/servers-overrides.txt --excludes requirements/servers-without.txt requirements/servers.txt -o requirements/servers.lock
	@$(COMPILE) requirements/checkov.txt -o requirements/checkov.lock
	@$(COMPILE) requirements/trestle.txt -o requirements/trestle.lock
	@$(COMPILE) requirements/oracles.txt -o requirements/oracles.lock
	@$(COMPILE) requirements/helm.txt -o requirements/helm.lock
	@$(COMPILE) requirements/site.txt -o requirements/site.lock
	@$(COMPILE) --constraints requirements/dev.lock pyproject.toml requirements/release.txt -o requirements/release.lock

# It needs pip alone, which fetches what builds a wheel by itself.
wheel: $(VENV)/bin/python
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

clean:
	@rm -rf $(VENV) .venv-* out dist
