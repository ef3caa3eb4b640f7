"""The chain that Seldon itself runs: seldon-core-microservice in a process for each node, an executor before them.

The executor is ours; Seldon's own is a Go program that comes as an image only.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.contender import Contender, Site
from harness.fitted import ARMS
from harness.forms import seldon_rest
from harness.others import RIVALS
from harness.ours import REST_PATH, SERVEGRAPH
from harness.processes import Command

_PROGRAM = Path(sys.executable).with_name("seldon-core-microservice")


def chain() -> Contender:
    return Contender("seldon", "seldon-core-microservice, 3 processes", _commands, [seldon_rest(REST_PATH)], _missing)


def _missing() -> str | None:
    return None if _PROGRAM.exists() else "seldon-core is not installed"


def _commands(site: Site) -> Sequence[Command]:
    scaler, *arms = site.more_ports[0:3], site.more_ports[3:6], site.more_ports[6:9]
    nodes = [_node(site, "Scaler", "scaler", scaler)]
    nodes += [_node(site, "Classifier", arm, ports) for arm, ports in zip(ARMS, arms, strict=True)]
    children = [_unit(arm, "MODEL", ports[0]) for arm, ports in zip(ARMS, arms, strict=True)]
    ratio = {"name": "ratioA", "value": "0.5", "type": "FLOAT"}
    router = {"name": "ab", "implementation": "RANDOM_ABTEST", "parameters": [ratio], "children": children}
    graph = {**_unit("scale", "TRANSFORMER", scaler[0]), "children": [router]}
    manifest = site.folder / "deployment.json"
    manifest.write_text(json.dumps(_deployment(graph)), encoding="utf-8")
    return [*nodes, _executor(site, manifest)]


def _node(site: Site, name: str, model: str, ports: Sequence[int]) -> Command:
    file = {"name": "file", "value": str(site.fitted.folder / f"{model}.joblib"), "type": "STRING"}
    options = ["--service-type", "TRANSFORMER" if name == "Scaler" else "MODEL", "--log-level", "WARNING"]
    for kind, port in zip(("http", "grpc", "metrics"), ports, strict=True):
        options += [f"--{kind}-port", str(port)]
    options += ["--parameters", json.dumps([file])]
    return Command([str(_PROGRAM), f"seldon_nodes.{name}", *options], folder=RIVALS)


def _executor(site: Site, manifest: Path) -> Command:
    names = ["--sdep", "bar", "--namespace", "bench", "--predictor", "default", "--file", str(manifest)]
    ports = ["--http_port", str(site.http_port), "--grpc_port", str(site.grpc_port), "--host", "127.0.0.1"]
    return Command([SERVEGRAPH, "executor", *names, *ports], {"SELDON_ENABLE_ROUTING_INJECTION": "true"})


def _unit(name: str, kind: str, port: int) -> dict[str, Any]:
    endpoint = {"service_host": "127.0.0.1", "service_port": port, "httpPort": port, "type": "REST"}
    return {"name": name, "type": kind, "endpoint": endpoint}


def _deployment(graph: dict[str, Any]) -> dict[str, Any]:
    predictor = {"name": "default", "graph": graph, "componentSpecs": [], "replicas": 1}
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "bar", "namespace": "bench"},
        "spec": {"predictors": [predictor]},
    }
