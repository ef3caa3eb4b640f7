"""SG385-SG389, SG395-SG397: payload loggers, and settings of the orchestrator."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from servegraph.check.behaviour.free_values import mapping
from servegraph.check.edit import Remove, Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Subject
from servegraph.spec.logger import MODES
from servegraph.spec.naming import ENGINE_SEPARATE_POD
from servegraph.spec.predictor import ROUTING_INJECTION
from servegraph.spec.source import Place

KAFKA = ("KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC")
LOG_LEVEL = "SELDON_LOG_LEVEL"


@rule("SG385", Level.ERROR, "A logger that logs nothing", cluster_only=True)
def logger_modes(subject: Subject) -> Iterator[Found]:
    """A node's logger has the mode request, response or all. The webhook asks only that there is one; with any other
    word the orchestrator sends neither requests nor responses."""
    for _, node in subject.nodes:
        mode = mapping(node.unit.logger).get("mode")
        if isinstance(mode, str) and mode and mode not in MODES:
            plain = mode.lower().rstrip("s")
            edits = [Replace((*node.place, "logger", "mode"), plain)] if plain in MODES else []
            message = f"the logger of node {node.unit.name!r} has the mode {mode!r}, and logs nothing"
            yield Found((*node.place, "logger", "mode"), message, f"use one of {', '.join(MODES)}", edits=edits)


@rule("SG386", Level.ERROR, "A logger that sends to no address", cluster_only=True)
def logger_urls(subject: Subject) -> Iterator[Found]:
    """Payloads are sent by HTTP POST to the logger's url, which needs its scheme and a host: `http://host:port/path`.
    To anything else nothing can be sent, which shows in the orchestrator's log alone."""
    for _, node in subject.nodes:
        url = mapping(node.unit.logger).get("url")
        if isinstance(url, str) and url and not _is_http(url):
            bare = "://" not in url and _is_http(f"http://{url}")
            edits = [Replace((*node.place, "logger", "url"), f"http://{url}")] if bare else []
            message = f"the logger of node {node.unit.name!r} sends to {url!r}, which is no HTTP address"
            yield Found((*node.place, "logger", "url"), message, "write http://host:port/path", edits=edits)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@rule("SG387", Level.NOTE, "A logger without an address", cluster_only=True)
def default_brokers(subject: Subject) -> Iterator[Found]:
    """A logger without a url sends to the operator's default, `http://default-broker`, a name that is looked up in
    the namespace of the pod; or to Kafka, if the orchestrator has the variable LOGGER_KAFKA_BROKER. If there is
    neither, every payload is dropped, with an entry in the log."""
    for predictor in subject.predictors:
        kafka = any(variable.name == "LOGGER_KAFKA_BROKER" for variable in predictor.spec.svc_orch_spec.env)
        for node in predictor.nodes:
            said = mapping(node.unit.logger)
            if said and not said.get("url") and not kafka:
                message = f"the logger of node {node.unit.name!r} sends to the cluster's default broker"
                yield Found((*node.place, "logger"), message, "give it a url unless that is meant", at_key=True)
                return


@rule("SG388", Level.WARNING, "Routing injection that is on although it says off")
def routing_injection(subject: Subject) -> Iterator[Found]:
    """SELDON_ENABLE_ROUTING_INJECTION is on with any value that is not empty, `false` included. Each answer then
    carries meta.routing, and its JSON is parsed and written again after every node."""
    for predictor in subject.predictors:
        for index, variable in enumerate(predictor.spec.svc_orch_spec.env):
            off = (variable.value or "").strip().lower() in ("false", "no", "off", "0", "f", "n")
            if variable.name == ROUTING_INJECTION and off:
                place = (*predictor.place, "svcOrchSpec", "env", index)
                message = f"{ROUTING_INJECTION} is on with the value {variable.value!r}"
                yield Found((*place, "value"), message, "remove it to switch it off", edits=[Remove(place)])


@rule("SG389", Level.WARNING, "Kafka that is not used", cluster_only=True)
def kafka_variables(subject: Subject) -> Iterator[Found]:
    """The orchestrator reads its topics only if spec.serverType is kafka. Without it KAFKA_BROKER, KAFKA_INPUT_TOPIC
    and KAFKA_OUTPUT_TOPIC have no effect, and no message is consumed."""
    for predictor in subject.predictors:
        for index, variable in enumerate(predictor.spec.svc_orch_spec.env):
            if variable.name in KAFKA[1:] and subject.deployment.spec.server_type != "kafka":
                place = (*predictor.place, "svcOrchSpec", "env", index, "name")
                message = f"{variable.name} has no effect, as spec.serverType is not kafka"
                yield Found(place, message, "set spec.serverType to kafka, or remove it")
                break


@rule("SG395", Level.WARNING, "A log level in lower case", cluster_only=True)
def log_levels(subject: Subject) -> Iterator[Found]:
    """Seldon's Python wrapper takes SELDON_LOG_LEVEL as Python writes it, in upper case; over `debug` it ends at its
    start."""
    for container in subject.containers:
        for index, variable in enumerate(container.spec.env):
            value = variable.value or ""
            if variable.name == LOG_LEVEL and value != value.upper():
                place: Place = (*container.place, "env", index, "value")
                message = f"container {container.spec.name!r} has the log level {value!r}"
                yield Found(place, message, f"write {value.upper()}", edits=[Replace(place, value.upper())])


@rule("SG396", Level.WARNING, "TLS without a certificate", cluster_only=True)
def certificates(subject: Subject) -> Iterator[Found]:
    """`ssl` names the secret with the certificate. Without a name nothing is mounted, and the endpoint stays plain
    HTTP."""
    for predictor in subject.predictors:
        if predictor.spec.ssl and not predictor.spec.ssl.cert_secret_name:
            message = f"predictor {predictor.spec.name!r} has ssl without certSecretName, and serves plain HTTP"
            yield Found((*predictor.place, "ssl"), message, "name the secret, or remove ssl", at_key=True)


@rule("SG397", Level.WARNING, "Replicas of an orchestrator that is not alone", cluster_only=True)
def orchestrator_replicas(subject: Subject) -> Iterator[Found]:
    """svcOrchSpec.replicas counts for an orchestrator in a pod of its own. Otherwise it is a container in a node's
    pod, and there are as many as there are such pods."""
    separate = subject.deployment.spec.annotations.get(ENGINE_SEPARATE_POD, "").lower() == "true"
    for predictor in subject.predictors:
        if predictor.spec.svc_orch_spec.replicas is not None and not separate:
            place = (*predictor.place, "svcOrchSpec", "replicas")
            help_ = f"set {ENGINE_SEPARATE_POD} in spec.annotations, or remove it"
            yield Found(place, "svcOrchSpec.replicas has no effect", help_, edits=[Remove(place)], at_key=True)


RULES = (
    logger_modes,
    logger_urls,
    default_brokers,
    routing_injection,
    kafka_variables,
    log_levels,
    certificates,
    orchestrator_replicas,
)
