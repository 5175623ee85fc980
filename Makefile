.DEFAULT_GOAL := help
SHELL := bash
GATE := @bash tests/gates/run.sh

STATIC := ansible-lint mypy docs shellcheck yamllint ruff changelog
# In the order they start, cheap ones first, and of the others those that take longest; as many at a time as three slots hold, of which :2 takes two.
# CI runs exactly these.
ALL := $(STATIC) vm unit:2 functional:2 molecule engines lab sanity next-core library-floor python-floor demo-ordinary artifact
# What a new machine skips, for a minimal Debian has one Python only.
BESIDE_FRESH := next-core python-floor

PLAYBOOK := .venv/bin/ansible-playbook

# Of the benchmarks: endpoints on one host, and hosts with 20 endpoints each.
SIZES := 100,400,1000
HOSTS := 100,300,1000

.PHONY: help setup setup-checks setup-demo lint unit functional vm threats test test-quick test-long demo lab-up lab-down bench bench-fleet generate clean

help: ## Show the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: ## Install only: Debian packages (as root), .venv. Says what is missing when not root.
	@bash tests/gates/setup.sh molecule engines vm

setup-checks:
	@bash tests/gates/setup.sh

lint: setup-checks ## Static checks.
	$(GATE) $(STATIC)

unit: setup-checks ## Unit tests; no root needed.
	$(GATE) unit

functional: setup-checks ## Tests on the real kernel, in throw-away namespaces; no root needed.
	$(GATE) functional

vm: setup-checks ## The playbooks on Debian guests under QEMU, over SSH; needs root.
	$(GATE) vm

threats: setup-checks ## Play the attacks of tests/threats.yml with each firewall, and print what became of each.
	@bash tests/gates/threats.sh

test: setup ## Everything CI runs.
	$(GATE) $(ALL)

test-quick: setup-checks ## For daily work: static checks, unit tests, the kernel with one declaration of each kind.
	$(GATE) $(STATIC) unit:2 quick:2

test-long: setup ## Everything CI runs, in a minimal Debian, with runs killed at every single point; the benchmarks at full size.
	@export CONTAINER_NET_EVERY_POINT=1; bash tests/gates/run.sh fresh && if [ -s build/gates/fresh.skip ]; then bash tests/gates/run.sh $(ALL); else bash tests/gates/run.sh $(BESIDE_FRESH); fi
	@bash tests/gates/bench.sh $(SIZES) $(HOSTS)

setup-demo:
	@bash tests/gates/setup.sh demo

demo: setup-demo ## Raise a simulated fleet, run the playbooks on it, prove it by packets, take it down.
	$(GATE) demo

lab-up: setup-demo ## Raise the simulated fleet and leave it up.
	@$(PLAYBOOK) -i localhost, playbooks/lab/up.yml

lab-down: setup-demo ## Take the simulated fleet down.
	@$(PLAYBOOK) -i localhost, playbooks/lab/down.yml

bench: setup-checks ## Small tasks, a host beside ip -batch, netavark and CNI, limits, 5,000 ports beside Docker, a large fleet. SIZES=100,400,1000 HOSTS=100,300,1000
	@bash tests/gates/bench.sh $(SIZES) $(HOSTS)

bench-fleet: setup-checks ## Only a large fleet. HOSTS=100,300,1000
	@bash tests/gates/bench.sh "" $(HOSTS)

generate: setup-checks ## Write anew what is made from the schema of the declaration: documentation and the JSON schema.
	@PYTHONPATH=build/collections .venv/bin/python -m ansible_collections.netloom.container_net.docs.generate

clean: ## Remove what the other targets made in this folder.
	rm -rf build .venv .venv-* .ansible
	find . -name __pycache__ -prune -exec rm -rf {} +
