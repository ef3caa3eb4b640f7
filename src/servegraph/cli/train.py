"""`servegraph train`: fit the project's models and register them."""

from pathlib import Path

import click
from rich.table import Table

from servegraph.cli import logs
from servegraph.cli.console import console, progress
from servegraph.cli.context import PROJECT_OPTION, open_project, open_registry, training_module


@click.command()
@PROJECT_OPTION
@click.option("--csv", type=click.Path(path_type=Path), help="Your own data: a header, numbers, a binary label.")
@click.option("--label", help="The label's column in the CSV.")
def train(folder: Path, csv: Path | None, label: str | None) -> None:
    """Fit the project's models and register them in MLflow, each under the alias it is served by.

    \b
    Metrics are of rows that were not trained on:
      servegraph train
      servegraph train --csv biopsies.csv --label malignant
    """
    logs.configure()
    project = open_project(folder)
    out = console()
    module = training_module(project)
    with progress(out, "training") as status:

        def say(text: str) -> None:
            status.update(text) if status else out.print(text)

        trained = module.train(open_registry(project), csv, label, say)
    table = Table("artifact", "version", "alias", "sha", "accuracy", "ROC AUC", box=None, pad_edge=False)
    for item in trained:
        artifact = item.artifact
        metrics = (f"{item.metrics[key]:.4f}" if key in item.metrics else "" for key in ("accuracy", "roc_auc"))
        table.add_row(artifact.name, f"v{artifact.version}", artifact.alias or "", artifact.digest[:8], *metrics)
    out.print(table)
