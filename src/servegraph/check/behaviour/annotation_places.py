"""SG363-SG366: annotations that nobody reads: of old, in the wrong place, misspelt."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any

from servegraph.check.behaviour import annotation_values as values
from servegraph.check.edit import Edit, Insert, Remove, RenameKey
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Subject
from servegraph.spec.annotations import GRPC_MAX_MESSAGE_SIZE, GRPC_TIMEOUT, REST_TIMEOUT
from servegraph.spec.naming import ENGINE_SEPARATE_POD, NO_ENGINE, SVC_NAME
from servegraph.spec.source import Place

PREFIX = "seldon.io/"
ENGINE_VARIABLE = f"{PREFIX}engine-"


class _Reader(Enum):
    """Who reads an annotation, and so where it must stand."""

    OBJECT = "spec.annotations or metadata.annotations"
    SPEC = "spec.annotations"
    PREDICTOR = "the predictor's annotations"
    POD = "spec.annotations, the predictor's annotations or the pod's"


_READERS: Mapping[str, _Reader] = {
    REST_TIMEOUT: _Reader.POD,
    GRPC_TIMEOUT: _Reader.POD,
    GRPC_MAX_MESSAGE_SIZE: _Reader.POD,
    ENGINE_SEPARATE_POD: _Reader.SPEC,
    values.NO_INITIALIZER: _Reader.SPEC,
    NO_ENGINE: _Reader.PREDICTOR,
    SVC_NAME: _Reader.PREDICTOR,
    values.HEADLESS: _Reader.OBJECT,
    values.LOGGER_QUEUE: _Reader.OBJECT,
    values.LOGGER_TIMEOUT: _Reader.OBJECT,
    values.ISTIO_RETRIES: _Reader.OBJECT,
    values.ISTIO_RETRIES_TIMEOUT: _Reader.OBJECT,
    f"{PREFIX}istio-gateway": _Reader.OBJECT,
    f"{PREFIX}istio-host": _Reader.OBJECT,
    values.AMBASSADOR_CONFIG: _Reader.OBJECT,
    values.HEADER: _Reader.OBJECT,
    values.REGEX_HEADER: _Reader.OBJECT,
    f"{PREFIX}ambassador-service-name": _Reader.OBJECT,
    f"{PREFIX}ambassador-id": _Reader.OBJECT,
    f"{PREFIX}ambassador-retries": _Reader.OBJECT,
    f"{PREFIX}ambassador-circuit-breakers-max-connections": _Reader.OBJECT,
    f"{PREFIX}ambassador-circuit-breakers-max-pending-requests": _Reader.OBJECT,
    f"{PREFIX}ambassador-circuit-breakers-max-requests": _Reader.OBJECT,
    f"{PREFIX}ambassador-circuit-breakers-max-retries": _Reader.OBJECT,
}
_OTHERS = f"{PREFIX}tempo-"  # another program's
_SAME_WORD = 0.96  # of a missing or doubled letter, not of another word
_WRITTEN_BY_SELDON = f"{PREFIX}last-applied"
_OLD: Mapping[str, str] = {  # what took the place of an annotation of old; empty where nothing did
    f"{PREFIX}rest-read-timeout": REST_TIMEOUT,
    f"{PREFIX}grpc-read-timeout": GRPC_TIMEOUT,
    f"{PREFIX}rest-connection-timeout": "",
    f"{PREFIX}rest-connect-retries": "",
    f"{PREFIX}engine-java-opts": "",
    f"{PREFIX}executor": "",
    f"{PREFIX}ambassador-shadow": "the predictor's `shadow`",
    f"{PREFIX}ambassador-weight": "the predictors' `traffic`",
    f"{PREFIX}engine-log-requests": "a node's logger",
    f"{PREFIX}engine-log-responses": "a node's logger",
    f"{PREFIX}engine-seldon-log-requests": "a node's logger",
    f"{PREFIX}engine-seldon-log-responses": "a node's logger",
    f"{PREFIX}engine-seldon-log-messages-externally": "a node's logger",
    f"{PREFIX}engine-seldon-log-message-type": "a node's logger",
}


@rule("SG363", Level.WARNING, "An annotation of old")
def old_annotations(subject: Subject) -> Iterator[Found]:
    """The orchestrator was rewritten in Go for version 1.1, and annotations of its Java predecessor have no effect
    since: rest-read-timeout and grpc-read-timeout (now rest-timeout and grpc-timeout), rest-connection-timeout,
    engine-java-opts, and those that logged messages (now a node's `logger`). Many examples still carry them."""
    for place, key, _ in subject.annotation_places():
        if key in _OLD:
            new = _OLD[key]
            help_ = f"use {new}" if new else "remove it"
            edits: list[Edit] = [] if new else [Remove(place)]
            if new in _READERS and not subject.document.has((*place[:-1], new)):
                edits = [RenameKey(place, new)]
            yield Found(place, f"annotation {key} has no effect since Seldon Core 1.1", help_, edits=edits, at_key=True)


@rule("SG364", Level.WARNING, "An annotation where nobody reads it")
def misplaced(subject: Subject) -> Iterator[Found]:
    """Annotations are read at different levels. Those of the gateways and of the logger stand in spec.annotations or
    metadata.annotations, engine-separate-pod only in spec.annotations, no-engine and svc-name only in those of a
    predictor. The timeouts of calls are read inside the pods, to which metadata.annotations of the SeldonDeployment
    are not copied; from there Ambassador takes its own timeout, and nothing else. Elsewhere an annotation has no
    effect."""
    single = len(subject.predictors) == 1
    for place, key, value in subject.annotation_places():
        reader = _reader(key)
        if reader is None or _is_read(reader, place):
            continue
        target: Place = ("spec",)
        if reader is _Reader.PREDICTOR:
            target = subject.predictors[0].place if single else ()
        edits = _moved(subject, place, target, key, value) if target else []
        where = "only Ambassador" if key in (REST_TIMEOUT, GRPC_TIMEOUT) else "nobody"
        message = f"annotation {key} is read here by {where}"
        yield Found(place, message, f"put it into {reader.value}", edits=edits, at_key=True)


def _reader(key: str) -> _Reader | None:
    """Who reads a key; seldon.io/engine-<x> becomes the variable X of the orchestrator."""
    is_variable = key.startswith(ENGINE_VARIABLE) and key not in _READERS and key not in _OLD
    return _Reader.SPEC if is_variable else _READERS.get(key)


def _is_read(reader: _Reader, place: Place) -> bool:
    at_metadata, at_spec = place[0] == "metadata", place[:2] == ("spec", "annotations")
    at_predictor = len(place) == 5
    match reader:
        case _Reader.OBJECT:
            return at_metadata or at_spec
        case _Reader.SPEC:
            return at_spec
        case _Reader.PREDICTOR:
            return at_predictor
        case _Reader.POD:
            return not at_metadata
    return False


def _moved(subject: Subject, place: Place, target: Place, key: str, value: str) -> list[Edit]:
    """Take an annotation out here and put it below `target`."""
    there: Any = (*target, "annotations")
    if subject.document.has((*there, key)):
        return [Remove(place)]
    if subject.document.has(there):
        return [Remove(place), Insert(there, key, value)]
    return [Remove(place), Insert(target, "annotations", {key: value})]


@rule("SG365", Level.WARNING, "An annotation that does not exist")
def unknown(subject: Subject) -> Iterator[Found]:
    """Annotations that start with seldon.io/ are Seldon's own. One that it does not know has no effect, and nothing
    says so: usually it is a misspelling, or a label (seldon.io/controller-id) written as an annotation."""
    for place, key, _ in subject.annotation_places():
        known = key in _READERS or key in _OLD or key == _WRITTEN_BY_SELDON or key.startswith(ENGINE_VARIABLE)
        if not known and key.startswith(PREFIX) and not key.startswith(_OTHERS):
            near = get_close_matches(key, _READERS, 1, 0.85)
            help_ = f"did you mean {near[0]}?" if near else "remove it"
            if key == f"{PREFIX}controller-id":
                help_ = "it is a label: put it into metadata.labels"
            is_free = near and not subject.document.has((*place[:-1], near[0]))
            is_slip = is_free and get_close_matches(key, near, 1, _SAME_WORD)
            edits = [RenameKey(place, near[0])] if is_slip else []
            yield Found(place, f"Seldon knows no annotation {key}", help_, edits=edits, at_key=True)


@rule("SG366", Level.NOTE, "A version that metrics do not show", cluster_only=True)
def version_label(subject: Subject) -> Iterator[Found]:
    """The orchestrator takes the label predictor_version of its metrics from the predictor's annotation `version`,
    not from its label of that name, which Istio's subsets and the nodes' own metrics use. With the label alone the
    column for the version stays empty in Seldon's dashboards."""
    for predictor in subject.predictors:
        version = predictor.spec.labels.get("version")
        if version and "version" not in predictor.spec.annotations:
            message = (
                f"the version {version!r} of predictor {predictor.spec.name!r} is missing in the orchestrator's metrics"
            )
            place = (*predictor.place, "labels", "version")
            yield Found(place, message, "write it as the predictor's annotation `version`, too")


RULES = (old_annotations, misplaced, unknown, version_label)
