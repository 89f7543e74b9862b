# The only commands anyone types. `make help` says what each does.
.DEFAULT_GOAL := help
.PHONY: help run test check fix bench catalogues model reproduce schema frontend e2e repro-matrix lock clean
.NOTPARALLEL:

TOOL = @python="$$(tools/find_python)" && exec "$$python" -m tools

help: ## say what each command does
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

run: ## set everything up and start Shelfmark on http://127.0.0.1:8000 (PORT=… for another)
	$(TOOL).run

test: ## run every test: Python on SQLite and PostgreSQL, TypeScript, a real browser
	$(TOOL).test

check: ## lint, format, types, imports, templates, migrations, deployment, API schema
	$(TOOL).check

fix: ## put right what lint and format can put right by themselves
	$(TOOL).fix

bench: ## measure speed and memory against other designs, in one run
	$(TOOL).bench

catalogues: ## train on real catalogues and categorize them over HTTP (SHELFMARK_CATALOGUES=folder)
	$(TOOL).bench catalogues

model: ## build the model with DVC and compare it with dvc.lock and its card
	$(TOOL).model

reproduce: ## make a registered model again and compare every byte (VERSION=sha256, DATASET=file)
	$(TOOL).reproduce $(if $(VERSION),"$(VERSION)") $(if $(DATASET),--dataset "$(DATASET)")

schema: ## write the OpenAPI document and the TypeScript types made from it
	$(TOOL).schema

frontend: ## build the frontend
	$(TOOL).frontend

e2e: ## run the browser tests only
	$(TOOL).test e2e

repro-matrix: ## train and predict under many CPUs, thread counts and versions: one hash
	$(TOOL).repro_matrix

lock: ## compile requirements*.in into hash-pinned requirements*.txt
	@tools/lock

clean: ## delete everything that was built or cached; var/ (your data) stays
	$(TOOL).clean
