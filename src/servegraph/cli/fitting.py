"""Whether the artifacts of a manifest fit one another: signatures from the registry, compared along the edges.

What is not at hand is not fetched: it is a note.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from servegraph.artifacts import Field, Registry, Signature, read_signature
from servegraph.artifacts.reference import local_path
from servegraph.check import Finding, Found, Rule, Subject
from servegraph.check.fit import NO_ARTIFACT, Column, Ports, signatures_fit
from servegraph.check.run import located
from servegraph.check.subject import Predictor
from servegraph.cli.context import open_registry
from servegraph.cli.registered import look_up
from servegraph.cli.rehearsal import rehearse
from servegraph.errors import ArtifactNotFound, MalformedFile, ServeGraphError
from servegraph.project import Project
from servegraph.spec import SeldonDeployment
from servegraph.spec.source import Document, parse_documents


def fit_findings(project: Project, text: str, file: Path) -> list[Finding]:
    """What does not fit in the SeldonDeployments of a text; of one that cannot be read, nothing.

    Examples are sent through the graphs whose components are this project's own.
    """
    try:
        documents = [document for document in parse_documents(text, str(file)) if document.is_deployment]
    except MalformedFile:
        return []
    return [finding for document in documents for finding in _of_document(project, document, file)]


def _of_document(project: Project, document: Document, file: Path) -> Iterator[Finding]:
    try:
        subject = Subject(document, SeldonDeployment.read(document.value))
    except ValidationError:
        return
    for predictor in subject.predictors:
        for rule, found in _of_predictor(project, subject, predictor, file):
            yield located(document, rule, found)


def _of_predictor(project: Project, subject: Subject, predictor: Predictor, file: Path) -> Iterator[tuple[Rule, Found]]:
    registry, ports = open_registry(project), {}
    for node in predictor.nodes:
        uri = node.unit.model_uri
        if not uri:
            continue
        try:
            signature = _signature(registry, uri, file.parent)
        except ServeGraphError as error:
            what = f"node {node.unit.name!r}: {error}"
            yield NO_ARTIFACT, Found((*node.place, "modelUri"), what, error.hint or "register it, or correct the URI")
            continue
        if signature:
            ports[node.unit.name] = _ports(signature)
    misfits = list(signatures_fit(predictor, ports, subject.protocol))
    yield from misfits
    if not any(rule.level == "error" for rule, _ in misfits):
        yield from rehearse(project, subject.deployment, predictor, registry, file)


def _signature(registry: Registry, uri: str, folder: Path) -> Signature | None:
    """What an artifact's MLmodel says; None where it is far away, or says nothing.

    Raises:
        ServeGraphError: the registry, or the folder, does not have it.
    """
    if uri.startswith("models:"):
        found = look_up(registry, uri)
        if found is None:
            raise ArtifactNotFound(f"{uri} is not in the registry of this machine", hint="register it, or correct it")
        return found.signature
    local = local_path(uri)
    places = [] if local is None else [folder / local, Path() / local]
    there = next((place for place in places if (place / "MLmodel").is_file()), None)
    return read_signature(there) if there else None


def _ports(signature: Signature) -> Ports:
    return Ports(_columns(signature.input_columns), signature.width, _columns(signature.output_columns))


def _columns(fields: Sequence[Field]) -> list[Column] | None:
    return [Column(each.name, each.dtype, each.required) for each in fields] or None
