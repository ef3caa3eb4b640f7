"""SG35x: annotations whose value fails, means something else, or takes others down with it."""

from collections.abc import Iterator, Sequence

from servegraph.check.behaviour.free_values import integer
from servegraph.check.edit import Remove, Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Subject
from servegraph.spec.annotations import GRPC_MAX_MESSAGE_SIZE, GRPC_TIMEOUT, REST_TIMEOUT
from servegraph.spec.naming import ENGINE_SEPARATE_POD, NO_ENGINE
from servegraph.spec.source import Place

ISTIO_RETRIES, ISTIO_RETRIES_TIMEOUT = "seldon.io/istio-retries", "seldon.io/istio-retries-timeout"
HEADER, REGEX_HEADER = "seldon.io/ambassador-header", "seldon.io/ambassador-regex-header"
HEADLESS, NO_INITIALIZER = "seldon.io/headless-svc", "seldon.io/no-storage-initializer"
LOGGER_QUEUE = "seldon.io/executor-logger-queue-size"
LOGGER_TIMEOUT = "seldon.io/executor-logger-write-timeout-ms"
AMBASSADOR_CONFIG = "seldon.io/ambassador-config"

_NUMBERS = {
    REST_TIMEOUT: "the orchestrator ends at its start, and Ambassador's mapping cannot be made",
    GRPC_TIMEOUT: "the orchestrator ignores it, and Ambassador's mapping cannot be made",
    GRPC_MAX_MESSAGE_SIZE: "the limit is not applied",
    LOGGER_QUEUE: "the state becomes Failed",
    LOGGER_TIMEOUT: "the state becomes Failed",
    ISTIO_RETRIES: "the state becomes Failed when Istio is on",
    ISTIO_RETRIES_TIMEOUT: "the state becomes Failed when Istio is on",
    "seldon.io/ambassador-retries": "the state becomes Failed when Ambassador is on",
    "seldon.io/ambassador-circuit-breakers-max-connections": "the state becomes Failed when Ambassador is on",
    "seldon.io/ambassador-circuit-breakers-max-pending-requests": "the state becomes Failed when Ambassador is on",
    "seldon.io/ambassador-circuit-breakers-max-requests": "the state becomes Failed when Ambassador is on",
    "seldon.io/ambassador-circuit-breakers-max-retries": "the state becomes Failed when Ambassador is on",
}
_IN_PODS = (REST_TIMEOUT, GRPC_TIMEOUT, GRPC_MAX_MESSAGE_SIZE)
_MILLISECONDS = (REST_TIMEOUT, GRPC_TIMEOUT, LOGGER_TIMEOUT)
_FEW_MS, _FEW_BYTES, _MANY_S = 100, 10_000, 300
_FACTORS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000}


@rule("SG350", Level.ERROR, "An annotation that must be a whole number", cluster_only=True)
def numbers(subject: Subject) -> Iterator[Found]:
    """Annotations are text, so nothing but the program that reads one looks whether it is a number. Timeouts are
    plain milliseconds without a unit (the retries' timeout is seconds), sizes are bytes, counts are whole numbers.
    With anything else the orchestrator ends at its start, or the operator stops with an error, or the limit is not
    there."""
    for place, key, value in subject.annotation_places():
        if key in _NUMBERS and integer(value) is None:
            unit = "milliseconds" if key in _MILLISECONDS else "bytes" if key == GRPC_MAX_MESSAGE_SIZE else ""
            number = _with_unit(value) if key in _MILLISECONDS else None
            edits = [] if number is None else [Replace(place, str(number))]
            help_ = f"write a whole number{f' of {unit}' if unit else ''}, without a unit"
            yield Found(place, f"annotation {key} is {value!r}, which is no whole number", help_, _NUMBERS[key], edits)


def _with_unit(text: str) -> int | None:
    """The milliseconds of `5s` and its like."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz ").strip()
    factor = _FACTORS.get(text[len(digits) :].strip())
    number = integer(digits)
    return number * factor if number is not None and factor else None


@rule("SG351", Level.ERROR, "An annotation that disables the timeouts", cluster_only=True)
def equals_signs(subject: Subject) -> Iterator[Found]:
    """The orchestrator reads rest-timeout, grpc-timeout and grpc-max-message-size from a file with one `key="value"`
    a line, which it splits at every `=`. One annotation of the pod with an `=` in its value makes it give up the
    whole file: all three settings are gone, with a line in the log and nothing else. The annotation may be
    anybody's."""
    settings = [key for place, key, _ in subject.annotation_places() if key in _IN_PODS and place[0] != "metadata"]
    if settings:
        for place, key, value in subject.annotation_places():
            if place[0] != "metadata" and ("=" in value or "=" in key):
                lost = ", ".join(dict.fromkeys(settings))
                message = f"the `=` in annotation {key} makes the orchestrator ignore {lost}"
                yield Found(place, message, "write the value without `=`, or put it under metadata.annotations")


@rule("SG352", Level.WARNING, "A number of the wrong unit", cluster_only=True)
def units(subject: Subject) -> Iterator[Found]:
    """Timeouts are milliseconds, message sizes bytes, and only the timeout of Istio's retries is seconds. A
    rest-timeout of 30 lets no model answer; it was probably meant as seconds."""
    for place, key, value in subject.annotation_places():
        number = integer(value)
        if number is None:
            continue
        if key in _MILLISECONDS and number < _FEW_MS:
            message = f"annotation {key} is {value} milliseconds"
            yield Found(place, message, "write milliseconds; is it seconds?")
        elif key == GRPC_MAX_MESSAGE_SIZE and number < _FEW_BYTES:
            yield Found(place, f"annotation {key} is {value} bytes", "write bytes; is it megabytes?")
        elif key == ISTIO_RETRIES_TIMEOUT and number > _MANY_S:
            yield Found(place, f"annotation {key} is {value} seconds", "write seconds; is it milliseconds?")


@rule("SG353", Level.WARNING, "A timeout of retries that are not made", cluster_only=True)
def retries_timeout(subject: Subject) -> Iterator[Found]:
    """istio-retries-timeout is the time of one try, and is written into the route only if istio-retries is above 0.
    Alone it has no effect; it is no timeout of requests either, for which there is no annotation with Istio."""
    timeout, retries = subject.annotation(ISTIO_RETRIES_TIMEOUT), subject.annotation(ISTIO_RETRIES)
    if timeout and (retries is None or (integer(retries[1]) or 0) <= 0):
        message = f"annotation {ISTIO_RETRIES_TIMEOUT} has no effect without retries"
        yield Found(timeout[0], message, f"set {ISTIO_RETRIES}, or remove it")


@rule("SG354", Level.ERROR, "A header that stops the operator", cluster_only=True)
def headers(subject: Subject) -> Iterator[Found]:
    """For Ambassador's mappings of version 1 the operator splits ambassador-header at the colon, and takes the value
    of ambassador-regex-header from there, too. Without a colon, or with only the regular expression, it reaches
    behind the end of a list and crashes, and with it the care for every other SeldonDeployment. Version 2 takes a
    header without a colon as one that must be present."""
    header, regex = subject.annotation(HEADER), subject.annotation(REGEX_HEADER)
    if header and ":" not in header[1]:
        yield Found(header[0], f"annotation {HEADER} is {header[1]!r}, without a colon", "write `name: value`")
    if regex and not header:
        message = f"annotation {REGEX_HEADER} without {HEADER} crashes the operator"
        yield Found(regex[0], message, f"use {HEADER}")


@rule("SG355", Level.WARNING, "A configuration for an Ambassador of old", cluster_only=True)
def ambassador_config(subject: Subject) -> Iterator[Found]:
    """ambassador-config replaces the mappings of the operator, word by word, but only those of version 1. With
    version 2, which the Helm chart installs, it is not read, and the operator's own mappings are made."""
    said = subject.annotation(AMBASSADOR_CONFIG)
    if said:
        message = f"annotation {AMBASSADOR_CONFIG} is read with Ambassador v1 only"
        yield Found(said[0], message, "make a Mapping of your own for v2", at_key=True)


@rule("SG356", Level.WARNING, "no-engine that is not true")
def no_engine(subject: Subject) -> Iterator[Found]:
    """The operator leaves the orchestrator out only for the value `true`. The webhook however refuses a graph of
    several nodes as soon as the annotation is there, whatever it says: `false` forbids graphs and changes nothing
    else."""
    for predictor in subject.predictors:
        value = predictor.spec.annotations.get(NO_ENGINE)
        if value is not None and value != "true":
            place = (*predictor.place, "annotations", NO_ENGINE)
            message = f"annotation {NO_ENGINE} is {value!r}: the orchestrator stays, and graphs are refused"
            yield Found(place, message, "remove it, or write true", edits=[Remove(place)])


@rule("SG357", Level.WARNING, "A Service that becomes headless", cluster_only=True)
def headless(subject: Subject) -> Iterator[Found]:
    """Every value of headless-svc but the very word `false` makes the Services headless, so `False`, `no` and `0` do
    as well. A headless Service has no address of its own: clients are given the pods, and each has to balance over
    them itself."""
    said = subject.annotation(HEADLESS)
    if said and said[1] not in ("true", "false"):
        off = said[1].strip().lower() in ("", "false", "no", "off", "0", "f", "n")
        edits = [Replace(said[0], "false" if off else "true")]
        message = f"annotation {HEADLESS} is {said[1]!r}, which means yes"
        yield Found(said[0], message, "write true or false", edits=edits)


@rule("SG358", Level.WARNING, "A switch that is not true", cluster_only=True)
def switches(subject: Subject) -> Iterator[Found]:
    """engine-separate-pod and no-storage-initializer are on only for the word `true`. Another word that reads like
    it, such as `yes` or `1`, leaves them off."""
    for key in (ENGINE_SEPARATE_POD, NO_INITIALIZER):
        value = subject.deployment.spec.annotations.get(key)
        if value is not None and value.lower() not in ("true", "false"):
            place: Place = ("spec", "annotations", key)
            on = value.strip().lower() in ("yes", "on", "1", "t", "y", "true", "enabled")
            edits: Sequence[Replace] = [Replace(place, "true")] if on else []
            yield Found(place, f"annotation {key} is {value!r}, which means no", "write true or false", edits=edits)


@rule("SG359", Level.WARNING, "Settings of an orchestrator that is left out")
def without_engine(subject: Subject) -> Iterator[Found]:
    """With no-engine there is no orchestrator, only the container of the one node behind the predictor's Service.
    What the orchestrator would do is not done: nothing logs payloads, its settings in svcOrchSpec have no effect, and
    its metrics, on which Seldon's dashboards rest, do not exist."""
    for predictor in subject.predictors:
        if predictor.spec.annotations.get(NO_ENGINE) != "true":
            continue
        if predictor.spec.graph.logger is not None:
            message = f"the logger of node {predictor.spec.graph.name!r} has no effect without an orchestrator"
            yield Found((*predictor.root.place, "logger"), message, f"remove {NO_ENGINE}, or the logger", at_key=True)
        if subject.document.has((*predictor.place, "svcOrchSpec")):
            message = "svcOrchSpec has no effect without an orchestrator"
            place = (*predictor.place, "svcOrchSpec")
            yield Found(place, message, f"remove {NO_ENGINE}, or svcOrchSpec", edits=[Remove(place)], at_key=True)


RULES = (
    numbers,
    equals_signs,
    units,
    retries_timeout,
    headers,
    ambassador_config,
    no_engine,
    headless,
    switches,
    without_engine,
)
