# The commands of Okichat; `make` alone lists them. Needs GNU Make 3.81 or newer and a POSIX shell, no more.
SHELL = /bin/sh
.DEFAULT_GOAL := help
.PHONY: help lighthouse run test test-deploy check format docs faults attack soak simulate bench growth prove-budget prices lock clean
python = .venv/bin/python

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' Makefile | while read -r name what; do printf 'make %-12s %s\n' "$$name" "$$what"; done

run: ## serve on http://127.0.0.1:8000 (PORT=… changes it); the first time it installs what the app needs into .venv
	@sh scripts/install.sh run
	@case "$${WEB_CONCURRENCY:-1}" in *[!0-9]*) $(python) gunicorn.conf.py;; esac # gunicorn itself would end in a traceback
	@OKICHAT_HOST="$${OKICHAT_HOST:-127.0.0.1}" exec $(python) -m gunicorn wsgi:app

test: ## run every test, browser included (ARGS="-k word" chooses); lists by name what could not run
	@sh scripts/install.sh test
	@sh scripts/install_test_tools.sh
	@$(python) -m pytest -n auto --dist loadfile $(ARGS)

test-deploy: ## what the hosts make of it, with the tools of Vercel and Netlify (npm; 1.2 GB, installed once)
	@sh scripts/install.sh test
	@sh scripts/install_test_tools.sh
	@sh scripts/install_host_tools.sh
	@$(python) -m pytest -m deploy -o faulthandler_timeout=900 $(ARGS)

check: ## linter, formatter, types, dead links in the documents, licences and known vulnerabilities of what is installed
	@sh scripts/install.sh test
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy
	@$(python) scripts/links.py
	@sh scripts/audit.sh

format: ## write the code as `make check` wants it
	@sh scripts/install.sh test
	@$(python) -m ruff check --quiet --fix-only .
	@$(python) -m ruff format .

docs: ## rewrite what documents take from the code: settings (docs/settings.md, .env.example), templates (docs/templates.md)
	@sh scripts/install.sh run
	@$(python) scripts/settings_docs.py
	@$(python) scripts/template_docs.py

faults: ## break the model's host in every known way and write the table of docs/reliability.md
	@sh scripts/install.sh test
	@$(python) scripts/faults.py

attack: ## schemathesis, wapiti, Mozilla's observatory and 20,000 fuzzed forms against the app (ARGS="--only forms" for one); an hour or more
	@sh scripts/install.sh test
	@$(python) scripts/attack.py $(ARGS)

soak: ## visitors, random faults and restarts for a minute (ARGS="--minutes 20" for longer)
	@sh scripts/install.sh test
	@$(python) scripts/soak.py $(ARGS)

simulate: ## a year of visitors in less than an hour: budget, retention, alerts, sizes (ARGS="--days 20 --questions 500" for less)
	@sh scripts/install.sh test
	@$(python) bench/year.py $(ARGS)

bench: ## answers per second and cold start, as ratios to a bare Flask app; the search, as a ratio to plain BM25
	@sh scripts/install.sh run
	@$(python) bench/against_flask.py $(ARGS)
	@$(python) bench/knowledge.py

prove-budget: ## race for the last cent of the month 10,000 times (ARGS="--runs 200 --seed 7" for fewer); half an hour
	@sh scripts/install.sh test
	@$(python) scripts/prove_budget.py $(ARGS)

prices: ## write today's prices of the models to okichat/money/prices.json; look at the difference before you commit it
	@sh scripts/install.sh run
	@sh scripts/prices.sh

lighthouse: ## Lighthouse's scores of the chat, served for it; fails below 100 (needs npx and Chromium)
	@sh scripts/install.sh test
	@$(python) scripts/lighthouse.py

growth: ## how long the owner waits for each screen with a million questions in the store (some minutes; needs 2 GB of disk)
	@sh scripts/install.sh test
	@$(python) bench/dashboard.py $(ARGS)

lock: ## choose the newest versions that fit requirements*.in and write them, with hashes, to requirements*.txt
	@sh scripts/install.sh run
	@sh scripts/lock.sh

clean: ## remove what these commands made, except the store in instance/ and .env
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist okichat.egg-info test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
