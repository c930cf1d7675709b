# The doors of the project. Each target is a line here and a script in scripts/ where there
# is more to say; `make` alone lists them.

# Checked queries are compiled from .sqlx, whatever DATABASE_URL the shell has.
export SQLX_OFFLINE := true
export DATA_DIR LISTEN IMPORT REPLAY PROGRAMS
ARGS :=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check fmt fmt-check lint docs deny typos sqlx sqlx-check schema \
  schema-check audit-run audit-http audit-mining audit-demo version-before bench chaos chaos-short clean-data

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and start a desk with sample data (DATA_DIR=, LISTEN=, IMPORT=FILE)
	@scripts/run

test: ## Run every test (ARGS= goes to cargo nextest)
	@scripts/test $(ARGS)

check: ## Run all that a change must pass: the steps below, and the tests
	@MAKE='$(MAKE)' scripts/check

fmt: ## Format the code
	cargo fmt --all

fmt-check: ## Check the format
	cargo fmt --all --check

lint: ## Run clippy on every target, warnings being errors
	cargo clippy --quiet --workspace --all-targets -- -D warnings

docs: ## Build the documentation of the code, warnings being errors
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --quiet --workspace --no-deps --document-private-items

deny: ## Check licences, sources and advisories of third-party packages
	@scripts/deny

typos: ## Check the spelling
	@"$$(scripts/tool typos)"

sqlx: ## Write .sqlx from the migrations and the queries in the code
	@scripts/sqlx

sqlx-check: ## Check that .sqlx is up to date
	@scripts/sqlx --check

schema: ## Write api/schema.graphql
	@scripts/schema

schema-check: ## Check that api/schema.graphql is up to date
	@scripts/schema --check

version-before: ## At a release: record what this version relies on in the schema
	@scripts/version-before

audit-run: ## Start `make run` twice, as root and as an ordinary user, with IMPORT= too
	@scripts/audit-run

audit-http: ## Hold the service against the GraphQL-over-HTTP specification
	@scripts/audit-http

audit-demo: ## Be an outside auditor: export, verify with others' tools, tamper, be caught
	@scripts/audit-demo

audit-mining: ## Hold the process logs of the sample desk against PM4Py
	@scripts/audit-mining

bench: ## Measure the speed, print a table, write target/bench.json (ARGS= selects)
	@scripts/ensure linker postgres
	cargo build --release --workspace --bins
	cargo bench -p tests --bench speed -- $(ARGS)

chaos: ## Kill the service and PostgreSQL under load for up to five minutes
	@scripts/chaos full

chaos-short: ## The same in a minute
	@scripts/chaos short

clean-data: ## Remove the desk that `make run` keeps
	@scripts/clean-data
