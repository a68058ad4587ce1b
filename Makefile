# `make lab` shows the whole thing, `make lab LINE=1.37` another Kubernetes; `make test` proves it; both need root on Debian 12. `make test-unit` needs neither.
VENV := .venv
BIN := $(VENV)/bin
LAB := $(BIN)/python -m tests.lab
OPERATOR := $(LAB) operator --

.PHONY: lab down docs test lint test-unit test-page unit-beside lab-beside test-lab test-long test-crash test-operators test-power test-upgrade test-upgrade-speed test-etcd-floors test-settings test-runtime test-newer-release test-certificates test-backup test-restore test-refused-backups test-reset test-endpoint test-virtual-address test-endpoint-move test-interrupted test-lines test-conformance bench bench-scale clean
.DEFAULT_GOAL := test-unit

$(VENV)/installed: pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs,test,lint]'
	touch $@

lab: $(VENV)/installed
	$(LAB) up $(addprefix --line ,$(LINE))
	$(OPERATOR) $(BIN)/pyinfra tests/lab/inventory.py deploy.py -y
	$(OPERATOR) kubectl --kubeconfig kubeconfig/admin.conf get nodes,pods -A

down: $(VENV)/installed
	$(LAB) down

# What each part took is told at the end.
test: $(VENV)/installed
	@rm -f .times; ended=0; { .ci/timed lint $(MAKE) lint && .ci/timed docs $(MAKE) docs && $(MAKE) --jobs=2 lab-beside unit-beside; } || ended=$$?; \
	cat .times; exit $$ended

# The lab waits more than it works, so the unit tests run beside it, behind it in the queue, and print when they end.
lab-beside:
	@.ci/timed lab $(MAKE) test-lab

unit-beside: $(VENV)/installed
	@printed=$$(mktemp); ended=0; .ci/timed unit nice -n 19 $(BIN)/pytest -m 'not lab and not browser' >"$$printed" 2>&1 || ended=$$?; \
	cat "$$printed"; rm "$$printed"; exit $$ended

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The pages as a site, in site/; a link that leads nowhere fails it.
docs: $(VENV)/installed
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env docs site

# Tests share nothing, so every core runs some; one that is done takes some of another's.
test-unit: lint
	$(BIN)/pytest -m 'not lab and not browser' --numprocesses auto --maxprocesses 8 --dist worksteal

# The page of a report in Debian's Chromium, which is installed where there is none (440 MB, as root); a minute.
test-page: $(VENV)/installed
	@command -v chromium >/dev/null || { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium; }
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[browser]'
	$(BIN)/pytest -m browser

# The cluster of today comes last: its last test is an upgrade, which is timed, and the unit tests have ended by then.
DOCUMENT := tests/lab/tests/test_document.py
LAB_TESTS := $(BIN)/pytest -m 'lab and not long' --exitfirst --verbose --durations=25
test-lab: $(VENV)/installed
	$(BIN)/python -m tests.lab.build 1.20 1.36 1.37
	$(LAB_TESTS) $(DOCUMENT)
	$(LAB_TESTS) --ignore=$(DOCUMENT)

# All of the lab's tests, also those that break services, hosts and members of etcd one after another; an hour.
test-long: $(VENV)/installed
	$(BIN)/pytest -m lab --verbose --durations=25

# A build whose operator is killed at every operation, and another within the long ones; a quarter of an hour.
test-crash: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.crash

# Two operators at once, three times; a quarter of an hour.
test-operators: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.concurrent_runs

# Hosts that lose their power, their network or their disk in the middle of a run; an hour and a half.
test-power: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.power

# A cluster upgraded from version to version, watched for what users notice; ten minutes and more each: CHAIN="1.34.4 1.34.11".
test-upgrade: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.upgrade $(CHAIN)

# One minor by the deploy and by plain ssh, on equally clean hosts; half an hour. CHAIN="1.33 1.34" is the default.
test-upgrade-speed: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.upgrade_speed $(CHAIN)

# Upgrades that are refused, since members of etcd are older than its next minor asks for; a quarter of an hour.
test-etcd-floors: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.etcd_floors

# Settings of a standing cluster changed and changed back, watched in the same way; an hour. NAMES="cert_extra_sans" are some.
test-settings: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.settings $(NAMES)

# The source document's cluster moved from Docker to containerd; ten minutes. CUT=--cut kills the operator after each operation.
test-runtime: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.runtime_move $(CUT)

# A cluster of EL 7 whose nodes come back as EL 9, one after the other; half an hour.
test-newer-release: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.newer_release

# Certificates that live for half an hour: renewed, then left until they have ended, and the cluster brought back; an hour.
# LINE=1.20 is another Kubernetes; before 1.31 its CAs sign what there is again. CUT=--cut kills the operator after each operation.
test-certificates: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.certificates $(addprefix --line ,$(LINE)) $(CUT)

# Backups on demand and by the timer, and etcd defragmented; a quarter of an hour.
test-backup: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.backup

# A cluster restored from a backup; twenty minutes. LOST=--lost: all hosts have blank disks. CUT=--cut kills the operator after each operation.
test-restore: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.restore $(LOST) $(CUT)

# Backups that a restore refuses, and encrypted ones that it takes; twenty minutes. age is Debian's, installed where there is none.
test-refused-backups: $(VENV)/installed
	@command -v age >/dev/null || { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends age; }
	$(BIN)/python -m tests.scenarios.refused_backups

# A cluster taken away, and what is left on its hosts; a quarter of an hour. CUT=--cut kills the operator after each operation.
test-reset: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.reset $(CUT)

# Clusters behind Debian's HAProxy and an nginx that are not this package's; a quarter of an hour.
test-endpoint: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.external_balancer

# Two balancers of this package with an address that moves between them, and three machines that are everything; half an hour.
test-virtual-address: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.virtual_address

# The endpoint of a standing cluster moved from one balancer to other forms and back; an hour. FORMS="virtual --cut" are some.
test-endpoint-move: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.endpoint_move $(FORMS)

# An upgrade, changed settings and a removal that are cut off and gone on with; hours. KINDS="settings --power" is one, by power.
test-interrupted: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.interrupted_change $(KINDS)

# Each Kubernetes line, flavour of hosts and containerd, built and broken once; hours. ROWS="1.37 1.37/rocky-9" are some of it.
test-lines: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.lines $(ROWS)

# Kubernetes' conformance tests on the newest line; three quarters of an hour. FOCUS="DNS" runs those that fit, and records nothing.
test-conformance: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.conformance $(if $(FOCUS),'$(FOCUS)')

bench: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.bench

# What a second run costs the operator by the number of simulated hosts. HOSTS="25 100" takes a minute, all sizes an hour.
bench-scale: $(VENV)/installed
	$(BIN)/python -m tests.scenarios.scale $(HOSTS)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
