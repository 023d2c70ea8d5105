# Each target does its own set-up first; the second time it costs nothing. `make help` lists them.

PORT ?= 5000
BIN := .venv/bin
# One more than processors, because tests wait for disks and browsers; PostgreSQL here takes 200 connections.
PROCESSES := $(shell n=$$(nproc); echo $$((n < 12 ? n + 1 : 12)))
SERVING := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
TESTING := $(SERVING) chromium-headless-shell fonts-noto-cjk poppler-utils
COMPILE := $(BIN)/uv --no-config pip compile setup.cfg --quiet --universal --python-version 3.11 --generate-hashes \
	--default-index https://pypi.org/simple --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) --extra build

define CHECKS
echo "Style: ruff check"
$(BIN)/ruff check --quiet .
echo "Layout: ruff format --check"
$(BIN)/ruff format --quiet --check . || { echo "'make format' mends the layout."; exit 1; }
echo "Types: mypy"
$(BIN)/mypy
echo "Imports: lint-imports"
$(BIN)/lint-imports --no-logo
endef

.DEFAULT_GOAL := help
.PHONY: help run test bench lint format lock translate
# Steps are announced by name instead of being echoed.
.SILENT:

##@ Use it

run: ## Serve the portal with invented people on http://127.0.0.1:PORT (PORT=5000)
	.ci/packages $(SERVING)
	.ci/setup run
	echo "Starting Kaijo with invented people. Ctrl-C stops it; 'make run' goes on with the same data."
	PORT=$(PORT) $(BIN)/flask serve --demo

##@ Check it

test: ## Run every check and every test, on SQLite and on a real PostgreSQL, with a real browser
	.ci/packages $(TESTING)
	.ci/setup dev
	$(CHECKS)
	echo "Tests: pytest"
	$(BIN)/pytest -p xdist -n $(PROCESSES) --dist worksteal || { echo "Some tests failed. One alone: $(BIN)/pytest tests/FILE.py::NAME"; exit 1; }
	echo "All checks and tests passed. Next: 'make run' shows the portal."

lint: ## Check style, types and who imports whom
	.ci/setup dev
	$(CHECKS)
	echo "Style, types and imports are clean. Next: 'make test' runs the tests as well."

bench: ## Measure against floors of the same run (table here, JSON in bench/results/)
	.ci/packages $(SERVING)
	.ci/setup dev
	$(BIN)/python -m bench
	echo "Measured. Next: compare with the earlier files in bench/results/."

##@ Change it

format: ## Put imports and layout in order
	.ci/setup dev
	$(BIN)/ruff check --quiet --select I --fix .
	$(BIN)/ruff format .
	echo "Layout is in order. Next: 'make lint' checks the rest."

translate: ## Collect the words, compile them, list what lacks Japanese
	.ci/packages $(SERVING)
	.ci/setup run
	$(BIN)/flask translate
	echo "Next: fill the gaps in translations/ja/LC_MESSAGES/messages.po and repeat."

lock: ## Pin what setup.cfg asks for (UPGRADE=1 raises every version)
	.ci/setup dev
	$(COMPILE) --extra dev --extra twilio --output-file requirements-dev.txt
	$(COMPILE) --constraints requirements-dev.txt --output-file requirements.txt
	$(COMPILE) --constraints requirements-dev.txt --extra twilio --output-file requirements-twilio.txt
	echo "Versions are pinned in requirements.txt, -twilio.txt and -dev.txt. Next: 'make test' installs and tries them."

help: ## Say what can be made
	awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	printf '\nOn a fresh machine each target installs what it needs and says so. Start with: make run\n'
