# All commands of a checkout. They need Python 3.11+ and make; everything else is downloaded on first use.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The hash-locked files are exports of uv.lock, for pip. Each has its own extras and dependency groups.
LOCKS := requirements.lock requirements-dev.lock requirements-build.lock requirements-worker.lock
EXPORT := $(BIN)/uv export --quiet --frozen --no-emit-project --no-default-groups
EXPORT_requirements.lock := --extra sandbox --extra documents --group build
EXPORT_requirements-dev.lock := --all-extras --group dev
# The container's two stages: one builds the worker, one runs it.
EXPORT_requirements-build.lock := --only-group build
EXPORT_requirements-worker.lock := --extra redis --extra encryption --extra documents --extra tracing
# Each with its database, and the namespace in which the tests write diagrams. `make test` runs on Camunda with H2.
OTHER_ENGINES := operaton/h2/operaton camunda/postgresql/camunda operaton/postgresql/camunda
# What users install, with all extras. Without the network: uv reads uv.lock, and the licences are those of the packages in .venv.
SBOM := $(BIN)/uv export --quiet --frozen --offline --no-default-groups --all-extras --preview-features sbom-export --format cyclonedx1.5 | $(BIN)/python scripts/sbom.py
NO_PACKAGES := { echo "The packages could not be installed: see pip's error above. Where pip cannot reach its package index it needs HTTPS_PROXY or PIP_INDEX_URL." >&2; exit 1; }

# Where an image forbids bytecode, every process of a test run would compile all modules anew, which takes 6 s.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help answers mistakes outages plugin docs pages pictures graphs recordings demo bench test test-engines container-test test-fast test-faults soak check format lock sbom clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: $(BIN)/.run ## a process on a real engine, answered by Groq (or by the emulator when there is no GROQ_API_KEY)
	@exec $(BIN)/catalyst-groq demo $(ARGS)

bench: $(BIN)/.dev ## compare this worker with other clients on a real engine, in half an hour (ARGS=--quick: 3 minutes); writes bench/RESULTS.md
	@$(BIN)/python -m bench $(ARGS)

test: $(BIN)/.dev ## all tests, on a real engine; without ARGS it measures coverage too
	@$(BIN)/pytest $(if $(ARGS),,--cov) $(ARGS)

test-engines: $(BIN)/.dev ## what depends on the engine, on Operaton and on PostgreSQL (ARGS='-m engine': all that runs on an engine)
	@failed=; for engine in $(OTHER_ENGINES); do \
		set -- $$(echo $$engine | tr / " "); \
		$(BIN)/pytest -q tests/engine tests/contract tests/faults -m "engine and every_engine" \
			--flavour $$1 --database $$2 --namespace $$3 $(ARGS) || failed="$$failed $$engine"; \
	done; test -z "$$failed" || { echo "Tests failed on:$$failed" >&2; exit 1; }

container-test: $(BIN)/.dev ## build and run the containers: image, compose, secrets, stops, replicas (Debian, as root)
	@$(BIN)/pytest -v tests/container/containers.py $(ARGS)

test-fast: $(BIN)/.dev ## the quick tests that need no engine, on all cores
	@$(BIN)/pytest -n $$($(BIN)/python -c "import os; print(os.cpu_count())") tests/unit tests/contract -m "not engine and not slow" --hypothesis-profile=fast $(ARGS)

test-faults: $(BIN)/.dev ## kills, outages, cuts and full disks, on a real engine
	@$(BIN)/pytest tests/faults $(ARGS)

soak: $(BIN)/.dev ## 20,000 tasks with random faults, beside tasks that try to harm them (half an hour)
	@$(BIN)/pytest tests/faults/test_soak.py --soak 20000 $(ARGS)

check: $(BIN)/.dev ## format, lint, types, import layers, lock files, licences, containers, workflows, no keys, docs: against code, links, English
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/uv lock --quiet --check
	@$(foreach lock,$(LOCKS),$(EXPORT) $(EXPORT_$(lock)) | cmp -s - $(lock) || { echo "$(lock) differs from uv.lock. Run make lock." >&2; exit 1; };)
	@$(BIN)/python scripts/no_keys.py
	@$(SBOM) > /dev/null
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*_*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/zizmor --quiet --offline --no-progress .github
	@$(BIN)/pytest -q tests/unit/project/test_docs.py
	@$(BIN)/python scripts/prose.py
	@$(BIN)/python scripts/docs_site.py

format: $(BIN)/.dev ## format the code and apply all automatic fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(BIN)/.dev ## update uv.lock from pyproject.toml and export the files that pip reads
	@$(BIN)/uv lock --quiet
	@$(foreach lock,$(LOCKS),$(EXPORT) $(EXPORT_$(lock)) > $(lock) &&) true

sbom: $(BIN)/.dev ## write dist/sbom.cdx.json: all packages of uv.lock that users install, with hashes and licences (CycloneDX)
	@mkdir -p dist
	@$(SBOM) > dist/sbom.cdx.json

answers: $(BIN)/.dev ## write docs/answers.md from the cases in tests/support/field_cases
	@PYTHONPATH=tests $(BIN)/python -m support.field_cases.page

mistakes: $(BIN)/.dev ## write docs/mistakes.md from the mistakes in tests/support/planted_mistakes
	@PYTHONPATH=tests $(BIN)/python -m support.planted_mistakes.page

outages: $(BIN)/.dev ## induce the outages of tests/support/outages, on a real engine, and write docs/outages.md (Debian: prometheus, redis-server)
	@$(BIN)/pytest -q tests/faults/test_outages.py --record-outages
	@PYTHONPATH=tests $(BIN)/python -m support.outages.page

plugin: $(BIN)/.dev ## write the generated files of bpmnlint-plugin-catalyst-groq, from the rules of lint
	@PYTHONPATH=tests $(BIN)/python scripts/bpmnlint_plugin.py

pages: $(BIN)/.dev ## fill the tables of docs/ from the code: fields, settings, commands, errors; write docs/lint.md, and the settings of the chart
	@$(BIN)/python scripts/docs_tables.py
	@$(BIN)/python scripts/lint_docs.py
	@$(BIN)/python scripts/chart_schema.py

docs: $(BIN)/.dev ## build the documentation as a site in site/, which works from disk; exits with 1 for a wrong link
	@$(BIN)/python scripts/docs_site.py

pictures: $(BIN)/.dev ## take the pictures in docs/pictures again, in the real Modeler, Tasklist and Cockpit
	@PYTHONPATH=tests:. $(BIN)/python tests/modeler/pictures.py

graphs: $(BIN)/.dev ## take the pictures of docs/monitoring.md again, in the real Prometheus, in four minutes (Debian: prometheus)
	@PYTHONPATH=tests:scripts $(BIN)/python tests/faults/pictures.py

recordings: $(BIN)/.dev ## record terminal sessions of lint, render, doctor and the demo as SVG, into docs/pictures
	@$(BIN)/python scripts/recordings.py

clean: ## remove the virtual environment and all caches of this checkout
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dist .cache .docs site

$(BIN)/python:
	@echo "Creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.12 …")'
	@$(PYTHON) -m venv .venv

$(BIN)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the worker (once; some 60 MB to download, with the Java runtime)"
	@$(INSTALL) --require-hashes -r requirements.lock || $(NO_PACKAGES)
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/.dev: requirements-dev.lock $(BIN)/.run
	@echo "Installing what the tests need (once)"
	@$(INSTALL) --require-hashes -r requirements-dev.lock || $(NO_PACKAGES)
	@touch $@
