"""`servegraph check`: what is wrong with manifests and graphs, before a cluster says so, or does not."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import click

from servegraph import __version__
from servegraph.check import Finding, Level, check_text, report
from servegraph.check.catalogue import BY_CODE
from servegraph.check.choosing import Choice, choice
from servegraph.check.edit_words import told
from servegraph.check.fixing import repair
from servegraph.check.ignoring import without_ignored
from servegraph.check.report.paint import printable
from servegraph.check.run import unreadable
from servegraph.cli.check_graph import check_graph, fit_graph, refused
from servegraph.cli.check_sources import Source, files_of, project_paths, read_source, without_repeats
from servegraph.cli.failure import FINDING, USAGE
from servegraph.errors import ConfigurationError, MalformedFile
from servegraph.spec.source import STANDARD_INPUT, parse_documents

HELP = """Say what is wrong with SeldonDeployments, and what would surprise you, before a cluster does.

\b
PATH is a YAML or JSON file, a folder, a graph (.py), or - for standard input; without
one the project's graph and its manifests/ are checked:
  servegraph check
  servegraph check manifests/ graphs/screening.py
  servegraph check --fix --ignore SG304 deployment.yaml
  servegraph render -o - | servegraph check --format github -
  servegraph explain SG101

\b
A comment on the line, or alone on the line above, keeps a finding quiet:
  traffic: 0  # servegraph: ignore[SG312]

\b
Exit codes: 0 nothing wrong, or warnings only; 1 errors; 2 a wrong call, no such file."""

_KIND = "SeldonDeployment"
_FORMATS: dict[str, Callable[[report.Report], str]] = {
    "json": report.json_list,
    "github": report.github,
    "sarif": lambda found: report.sarif(found, __version__),
}


@dataclass
class _Run:
    """What one call of the command has come to so far."""

    choice: Choice
    servers: frozenset[str]
    texts: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    fixed: list[Finding] = field(default_factory=list)
    deployments: set[str] = field(default_factory=set)
    has_wrong_call: bool = False

    def complain(self, error: ConfigurationError) -> None:
        """A file that cannot be checked does not keep the others from it."""
        self.has_wrong_call = True
        click.echo(f"error: {error}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)


@click.command(help=HELP)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", *_FORMATS]), default="text", show_default=True)
@click.option("--fix", is_flag=True, help="Repair what can be repaired mechanically, in the files themselves.")
@click.option("--select", "selected", metavar="CODE", multiple=True, help="Only these rules; SG3 is all that begin so.")
@click.option("--ignore", "ignored", metavar="CODE", multiple=True, help="Not these rules.")
@click.option("--server", "servers", metavar="NAME", multiple=True, help="A prepackaged server that the cluster adds.")
@click.option("--fit/--no-fit", default=True, help="Compare artifacts, and send examples through graphs (default).")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
def check(
    paths: tuple[Path, ...],
    form: str,
    fix: bool,
    selected: tuple[str, ...],
    ignored: tuple[str, ...],
    servers: tuple[str, ...],
    fit: bool,
    strict: bool,
    quiet: bool,
) -> None:
    """See HELP."""
    started = perf_counter()
    if fix and STANDARD_INPUT in paths:
        raise ConfigurationError("standard input cannot be fixed", hint="name a file")
    run = _Run(choice(selected, ignored, BY_CODE), frozenset(servers))
    gc.disable()  # thousands of small objects and no cycles worth a search
    for source in _sources(paths, run):
        _examine(source, fix, fit, run)
    _complain_of_nothing(run, {str(path) for path in paths})
    _print(run, form, quiet, perf_counter() - started)
    levels = {finding.level for finding in run.findings}
    failed = Level.ERROR in levels or (strict and Level.WARNING in levels)
    sys.exit(USAGE if run.has_wrong_call else FINDING if failed else 0)


def _sources(paths: Sequence[Path], run: _Run) -> list[Source]:
    """All that can be read; the others are complained of."""
    found: list[Path] = []
    for path in paths or project_paths(Path()):
        try:
            found += files_of(path)
        except ConfigurationError as error:
            run.complain(error)
    sources = []
    for path in without_repeats(found):
        try:
            sources.append(read_source(path))
        except ConfigurationError as error:
            run.complain(error)
    return sources


def _examine(source: Source, fix: bool, fit: bool, run: _Run) -> None:
    """Check one source, after repairing it where that is asked for."""
    text = source.text
    if fix and source.is_manifest:
        repaired = repair(
            text, source.name, lambda changed: run.choice.of(check_text(changed, source.name, run.servers))
        )
        if repaired.text != text:
            source.rewrite(repaired.text)
        run.fixed += repaired.done
        text = repaired.text
    run.texts[source.name] = text
    if source.deployment is not None or source.refused is not None or _holds_deployment(text):
        run.deployments.add(source.name)
    found = _findings(source, text, run.servers)
    if fit and not any(finding.blocks_run for finding in found):
        found += _misfits(source, text)
    run.findings += run.choice.of(found)


def _findings(source: Source, text: str, servers: frozenset[str]) -> list[Finding]:
    if source.unreadable is not None:
        return [unreadable(source.unreadable, source.name)]
    if source.deployment is not None:
        return check_graph(source, servers)
    if source.refused is not None:
        return refused(source)
    return check_text(text, source.name, servers)


def _holds_deployment(text: str) -> bool:
    try:
        return _KIND in text and any(document.is_deployment for document in parse_documents(text, ""))
    except MalformedFile:
        return True  # which is told as it is


def _misfits(source: Source, text: str) -> list[Finding]:
    """What does not fit, where the source belongs to a project: only there are artifacts and classes at hand."""
    project = source.project
    if project is None or (source.deployment is None and _KIND not in text):
        return []
    if source.deployment is not None:
        with redirect_stdout(sys.stderr):
            return fit_graph(project, source)
    from servegraph.cli.fitting import fit_findings  # with the engine, half a second

    with redirect_stdout(sys.stderr):  # components print what they like
        return list(without_ignored(fit_findings(project, text, Path(source.name)), text))


def _complain_of_nothing(run: _Run, named: set[str]) -> None:
    """A file that was `named` and has no SeldonDeployment is not a clean one: perhaps its `kind` is misspelt."""
    checked = {finding.file for finding in run.findings} | run.deployments
    if not checked and not run.has_wrong_call:
        run.complain(
            ConfigurationError("there is no SeldonDeployment to check", hint="its `kind` must be SeldonDeployment")
        )
    elif checked:
        for name in (run.texts.keys() & named) - checked:
            click.echo(f"{name} holds no SeldonDeployment", err=True)


def _print(run: _Run, form: str, quiet: bool, seconds: float) -> None:
    found = report.Report(run.texts, run.findings, seconds, len(run.fixed))
    for finding in run.fixed:
        said = f"fixed[{finding.code}] {finding.file}:{finding.span.line}: {'; '.join(map(told, finding.edits))}"
        click.echo(printable(said), err=form != "text")
    if form != "text":
        click.echo(_FORMATS[form](found), nl=False)
        return
    click.echo(report.text(found, colour=_has_colours(), quiet=quiet), nl=False, color=True)


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
