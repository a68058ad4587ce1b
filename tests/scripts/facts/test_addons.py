"""Who has changed the objects of add-ons, as an API server of the test's own tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.facts.addons import AddonManagers
from tests.support.shell_bench import Shell

KUBECTL = r"""
case $* in
    *"-o name"*) [ -e "{root}/$(echo "$*" | sed 's/.* get \([^ ]*\) .*/\1/')" ] && echo object; [ ! -e {root}/fails ] ;;
    *--raw*) cat "{root}/$(echo "$*" | sed 's#.*kube-system/##')" ;;
esac
"""


def entry(manager: str, **more: str) -> str:
    fields = ", ".join(f'"{key}": "{value}"' for key, value in {"manager": manager, **more}.items())
    return f"{{{fields}}}"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("kubectl", KUBECTL.format(root=tmp_path))
    return shell


def hold(shell: Shell, name: str, *entries: str) -> None:
    shell.file(f"/{name}", f'{{"metadata":\n{{"managedFields": [{", ".join(entries)}]}}}}')


def told(shell: Shell) -> dict[str, tuple[str, ...]]:
    fact = AddonManagers()
    return dict(fact.process(shell.lines(fact.command(address="10.0.0.1"))))


def test_kubeadm_controllers_and_scales_are_nobody_else(shell: Shell) -> None:
    benign = (entry("kubeadm"), entry("kube-controller-manager", subresource="status"), entry("kubectl-rollout"))
    hold(shell, "deployments/coredns", *benign, entry("kubectl", subresource="scale"))
    hold(shell, "daemonsets/kube-proxy", *benign, entry("kubectl-edit"), entry("helm"))
    assert told(shell) == {"deployments/coredns": (), "daemonsets/kube-proxy": ("helm", "kubectl-edit")}


def test_one_that_is_not_there_is_none_to_change(shell: Shell) -> None:
    hold(shell, "deployments/coredns", entry("kubeadm"))
    assert told(shell) == {"deployments/coredns": ()}


def test_none_at_all_is_no_answer(shell: Shell) -> None:
    with pytest.raises(FactProcessError):
        told(shell)


def test_what_could_not_be_read_is_not_nobody(shell: Shell) -> None:
    hold(shell, "deployments/coredns", entry("kubeadm"))
    shell.file("/fails")
    assert shell.run(AddonManagers().command(address="10.0.0.1")).returncode != 0
