"""Writes the files that Grafana and Prometheus read; the same deployment gives the same bytes."""

import json
from pathlib import Path
from typing import Any

import yaml

from servegraph.errors import EnvironmentFault
from servegraph.observe.alerts import alert_rules
from servegraph.observe.dashboard import dashboard

LOCAL_SERVER = "127.0.0.1:8000"


class _Dumper(yaml.SafeDumper):
    """Queries over several lines stay readable."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def write_monitoring(folder: Path, deployment: str) -> list[Path]:
    """Write the dashboard, the alert rules and a Prometheus for a local run; make `folder` if need be.

    `prometheus --config.file=<folder>/prometheus.yml` then works as it stands, for all
    deployments whose rules lie in the folder.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    texts = {
        f"{deployment}-dashboard.json": dashboard_text(deployment),
        f"{deployment}-rules.yaml": _yaml(alert_rules(deployment)),
        "prometheus.yml": _yaml(_prometheus()),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise EnvironmentFault(
            f"cannot write the monitoring files: {error}", hint="choose a folder you may write to"
        ) from error
    return [folder / name for name in texts]


def dashboard_text(deployment: str) -> str:
    """The dashboard's JSON as Grafana imports it."""
    return json.dumps(dashboard(deployment), indent=2, ensure_ascii=False) + "\n"


def _prometheus() -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "5s", "evaluation_interval": "15s"},
        "rule_files": ["*-rules.yaml"],
        "scrape_configs": [
            {
                "job_name": "servegraph",
                "metrics_path": "/prometheus",
                "static_configs": [{"targets": [LOCAL_SERVER]}],
            }
        ],
    }


def _yaml(document: dict[str, Any]) -> str:
    note = "# Written by `servegraph dashboards`; changes made here are lost.\n"
    return note + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
