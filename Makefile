# The commands a stranger types. Each does all of its own set-up; `make help` lists them.
# Set-up lives in scripts/setup.sh: it makes .venv, installs the locked packages and asks apt-get for Debian's.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
# Whatever the caller's environment says: without compiled files each of the many processes of a test compiles all anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help demo page screenshots secrets test check bench chaos format lock clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:[^#]*## /\t/' | expand -t 10

demo: .venv/run.stamp .venv/page.stamp ## start broker, worker, store and API with the sample county (Ctrl-C ends it)
	@exec .venv/bin/rurban demo

page: .venv/run.stamp .venv/page.stamp ## build the live page of dashboards/web/ (make demo, test and check do, too)

screenshots: .venv/dev.stamp .venv/page.stamp ## take the README's pictures of the live page from the demonstration (two minutes)
	@sh scripts/setup.sh debian chromium fonts-wqy-microhei
	@$(PY) -m tests.screenshots

secrets: ## write .env with generated passwords for docker-compose.yml (FORCE=1 replaces them)
	@sh scripts/setup.sh secrets .env

test: .venv/dev.stamp .venv/page.stamp ## run every test, with real servers
	@sh scripts/setup.sh debian mosquitto mosquitto-clients curl openssl postgresql influxdb nginx-light docker-compose chromium
	@$(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: .venv/dev.stamp .venv/page.stamp ## lint, format, types, import rules, the page's weight, docker-compose.yml
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@command -v docker-compose >/dev/null || sh scripts/setup.sh debian docker-compose
	@sh scripts/setup.sh compose

bench: .venv/dev.stamp .venv/page.stamp ## measure against the budgets: throughput, delays, memory, store, page (under six minutes)
	@sh scripts/setup.sh debian mosquitto influxdb nginx-light chromium
	@$(PY) -m bench

chaos: .venv/dev.stamp ## break what can break while devices send, and count what became of it (about seven minutes)
	@sh scripts/setup.sh debian mosquitto influxdb nginx-light
	@$(PY) -m bench.chaos

format: .venv/dev.stamp ## rewrite the code in the house format
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .

lock: .venv/dev.stamp ## resolve the dependencies anew and write requirements/*.lock
	@$(PY) -m uv --version >/dev/null 2>&1 || $(PY) -m pip install --quiet uv
	@$(PY) -m uv pip compile pyproject.toml --upgrade --extra build --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet -o requirements/run.lock
	@$(PY) -m uv pip compile pyproject.toml --upgrade --extra build --extra dev -c requirements/run.lock --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet -o requirements/dev.lock

clean: ## remove the virtual environment and caches; data folders stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build dashboards/web/dist

.venv/run.stamp: requirements/run.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh venv run

.venv/dev.stamp: requirements/dev.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh venv dev

# After the virtual environment, which may have to bring Node; not whenever that changes.
.venv/page.stamp: requirements/node.lock scripts/page.sh $(shell find dashboards/web -type f -not -path '*/dist/*' -not -path '*/node_modules/*') | .venv/run.stamp
	@sh scripts/page.sh
