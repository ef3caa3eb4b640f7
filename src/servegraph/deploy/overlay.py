"""A kustomize overlay: the files of one environment, and what happens to those that were there before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servegraph.check import check_shippable
from servegraph.deploy.document import as_yaml
from servegraph.deploy.environment import Environment, Form
from servegraph.deploy.fused import fuse
from servegraph.deploy.monitoring import dashboard_map, pod_monitor, prometheus_rule, registry_secret
from servegraph.deploy.placing import secret_name
from servegraph.deploy.render import HEADER, text
from servegraph.deploy.split import split
from servegraph.errors import ConfigurationError, EnvironmentFault
from servegraph.spec import SeldonDeployment

KUSTOMIZATION = "kustomization.yaml"
DEPLOYMENT = "seldondeployment.yaml"


@dataclass(frozen=True, slots=True)
class Monitoring:
    """What others know of a deployment's metrics.

    Attributes:
        rule_groups: of a Prometheus rule file.
        dashboard: Grafana's JSON, as text.
    """

    rule_groups: Sequence[Mapping[str, Any]]
    dashboard: str


def overlay(
    deployment: SeldonDeployment, environment: Environment, form: Form, monitoring: Monitoring
) -> dict[str, str]:
    """The files of an overlay by name, the kustomization first; the same input gives the same bytes.

    Raises:
        ConfigurationError: the environment does not fit the graph, or what it brings does not fit the resource.
    """
    rendered, graphs = _rendered(deployment, environment, form)
    files = {DEPLOYMENT: text(rendered)}
    if graphs:
        files["graph.yaml"] = documents(graphs)
    secret = secret_name(deployment, environment)
    if environment.tracking_uri and secret:
        files["registry.yaml"] = documents([registry_secret(rendered, secret, environment.tracking_uri)])
    files["podmonitor.yaml"] = documents([pod_monitor(rendered)])
    files["prometheusrule.yaml"] = documents([prometheus_rule(rendered, monitoring.rule_groups)])
    files["dashboard.yaml"] = documents([dashboard_map(rendered, monitoring.dashboard)])
    return {KUSTOMIZATION: documents([_kustomization(files)]), **files}


def one_file(deployment: SeldonDeployment, environment: Environment, form: Form) -> str:
    """The deployment, and before it what its pods mount, as one text for `kubectl apply -f`."""
    rendered, graphs = _rendered(deployment, environment, form)
    return HEADER + "---\n".join([*map(as_yaml, graphs), text(rendered).removeprefix(HEADER)])


def joined(files: Mapping[str, str]) -> str:
    """The objects of an overlay as one text, for those who do not want its folder."""
    return HEADER + "---\n".join(
        content.removeprefix(HEADER) for name, content in files.items() if name != KUSTOMIZATION
    )


def documents(objects: Sequence[Mapping[str, Any]]) -> str:
    """A file of ours with these objects."""
    return HEADER + "---\n".join(as_yaml(item) for item in objects)


def _rendered(
    deployment: SeldonDeployment, environment: Environment, form: Form
) -> tuple[SeldonDeployment, list[dict[str, Any]]]:
    graphs: list[dict[str, Any]] = []
    if form == "split":
        rendered = split(deployment, environment)
    else:
        fused = fuse(deployment, environment)
        rendered, graphs = fused.deployment, fused.graphs
    check_shippable(rendered)
    return rendered, graphs


def _kustomization(files: Mapping[str, str]) -> dict[str, Any]:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": sorted(files)}


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a folder. `foreign` files are not ours and are not part of the overlay."""

    written: list[Path]
    removed: list[Path]
    foreign: list[Path]


def write(folder: Path, files: Mapping[str, str], force: bool) -> Written:
    """Write an overlay. Files of an earlier one that it no longer has go, files of others stay.

    Raises:
        ConfigurationError: the folder is another deployment's, or a file of another has the name of one of ours;
            `force` overwrites both.
        EnvironmentFault: the folder cannot be written.
    """
    try:
        before = {path: _is_ours(path) for path in sorted(folder.iterdir())} if folder.is_dir() else {}
        if not force:
            _refuse_foreign(folder, files, before)
            _refuse_other(folder / DEPLOYMENT, files)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8", newline="\n")
        stale = [path for path, is_ours in before.items() if is_ours and path.name not in files]
        for path in stale:
            path.unlink()
    except OSError as error:
        raise EnvironmentFault(f"cannot write {folder}: {error}", hint="choose a folder you may write to") from error
    foreign = [path for path, is_ours in before.items() if not is_ours and path.name not in files]
    return Written([folder / name for name in files], stale, foreign)


def _is_ours(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(HEADER.encode())


def _refuse_foreign(folder: Path, files: Mapping[str, str], before: Mapping[Path, bool]) -> None:
    for name in files:
        if before.get(folder / name) is False:
            raise ConfigurationError(
                f"{folder / name} was not written by `servegraph render`",
                hint="move it away, choose another folder with -o, or overwrite it with --force",
            )


def _refuse_other(path: Path, files: Mapping[str, str]) -> None:
    there, new = (_name(item) for item in (path.read_text("utf-8") if path.is_file() else "", files[DEPLOYMENT]))
    if there is not None and there != new:
        raise ConfigurationError(
            f"{path.parent} is the overlay of {there!r}",
            hint=f"give {new!r} a folder of its own: -o {path.parent}-{new}; or replace that one with --force",
        )


def _name(content: str) -> str | None:
    """The name of the deployment in a file of ours."""
    found = re.search(r"^metadata:\n  name: (\S+)$", content, re.MULTILINE)
    return found and found[1]
