# The commands of this repository. `make run` and `make test` set up all they need; Python 3.11+ and make are enough.
PYTHON ?= python3
BROKER ?= postgres
DEMO ?= 1
WORKERS ?= 2
PACKAGES = shared services/order-intake services/inventory services/dispatch services/crm services/kpi
SERVICES = order_intake inventory dispatch crm kpi
PY = .venv/bin/python

.PHONY: help run reset test check audit sbom bench crash mutants docs lock clean

help:  ## Show the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

.venv/.ready: requirements.txt requirements-dev.txt $(PACKAGES:=/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with PYTHON=...")'
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@echo "Installing what this needs into .venv ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ./,$(PACKAGES))
	@touch $@

run: .venv/.ready  ## Run the system and play the demo (DEMO=0 without it, BROKER=kafka on a real Kafka, ORDERS=all DATA=FILE)
	@$(PY) -m deploy.local.run --broker $(BROKER) $(if $(filter 0,$(DEMO)),--no-demo)

reset: .venv/.ready  ## Forget the data of former runs
	@$(PY) -m deploy.local.run --reset

test: .venv/.ready  ## Run all tests (the Kafka suite where Java and Maven are; ARGS="-k name" picks, WORKERS=0 one after the other, EDI_CORPUS=FOLDER judges a folder)
	@EDI_CORPUS=$(EDI_CORPUS) $(PY) -m pytest -n $(if $(EDI_CORPUS),0,$(WORKERS)) --max-worker-restart 0 $(if $(EDI_CORPUS),tests/order_intake/edi/test_corpus.py) $(ARGS)

check: .venv/.ready  ## Style, types, import contracts, migrations, generated documents, advisories
	@.venv/bin/ruff format --check --quiet . && .venv/bin/ruff check --quiet .
	@.venv/bin/mypy --no-error-summary $(foreach s,$(PACKAGES),$(wildcard $(s)/src)) deploy tests
	@.venv/bin/lint-imports --no-cache > .venv/imports.log 2>&1 || (cat .venv/imports.log; exit 1)
	@$(PY) -m shared.docs --check && $(PY) -m kpi.docs --check && $(PY) -m deploy.scopes --check
	@$(PY) -m deploy.local.check_migrations
	@$(PY) -m deploy.audit
	@echo "All checks passed."

audit: .venv/.ready  ## Is anything that is locked known to be vulnerable? (LSC_AUDIT_REQUIRED=1 fails where nobody can be asked)
	@$(PY) -m deploy.audit

sbom: .venv/.ready  ## Write what is locked as a CycloneDX bill of materials, .local/sbom.json
	@$(PY) -m deploy.sbom

bench: .venv/.ready  ## Measure; prints a table and writes .local/bench.json (BROKER, ROWS)
	@$(PY) -m tests.bench $(if $(filter command\ line environment,$(origin BROKER)),--broker $(BROKER))

crash: .venv/.ready  ## Use the system and beat it at the same time, then judge (SEED, ORDERS, SECONDS, FULL=1, SHORT=1, KEEP=1, SABOTAGE=name or all)
	@$(PY) -m tests.crash $(if $(SEED),--seed $(SEED)) $(if $(ORDERS),--orders $(ORDERS)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(SABOTAGE),--sabotage $(SABOTAGE)) $(if $(FULL),--full) $(if $(SHORT),--short) $(if $(KEEP),--keep)

mutants: .venv/.ready  ## Change the code in small ways and tell what no test notices (MODULES="gate relay", MINUTES=15 for each)
	@$(PY) -m tests.mutants $(MODULES) --minutes $(or $(MINUTES),15)

docs: .venv/.ready  ## Write the generated documents anew
	@$(PY) -m shared.docs && $(PY) -m kpi.docs && $(PY) -m deploy.scopes

lock: .venv/.ready  ## Pin what requirements*.in name, with hashes (UPGRADE=1 takes the newest versions)
	@$(PY) -m deploy.lock $(if $(UPGRADE),--upgrade)

clean:  ## Remove what the commands made
	rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .hypothesis
