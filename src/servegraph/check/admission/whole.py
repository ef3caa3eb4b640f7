"""What the webhook looks at before it looks at graphs: protocol, transport, server type, names of predictors."""

from collections.abc import Iterator

from servegraph.check.edit import Edit, Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Subject
from servegraph.spec.naming import NO_ENGINE, SVC_NAME

PROTOCOLS = ("seldon", "tensorflow", "kfserving", "v2")
TRANSPORTS = ("rest", "grpc")
SERVER_TYPES = ("rpc", "kafka")
KAFKA_VARIABLES = ("KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC")


def _one_of(subject: Subject, field: str, said: str, known: tuple[str, ...]) -> Iterator[Found]:
    if said and said not in known:
        place = ("spec", field)
        edits: list[Edit] = [Replace(place, said.lower())] if said.lower() in known else []
        yield Found(place, f"{field} is {said!r}", f"write one of {', '.join(known)}", edits=edits)


@rule("SG201", Level.ERROR, "An unknown protocol", cluster_only=True)
def protocol(subject: Subject) -> Iterator[Found]:
    """The orchestrator speaks one of four protocols with clients and nodes alike; `kfserving` is the old name of
    `v2`. The words are lower case."""
    yield from _one_of(subject, "protocol", subject.deployment.spec.protocol, PROTOCOLS)


@rule("SG202", Level.ERROR, "An unknown transport", cluster_only=True)
def transport(subject: Subject) -> Iterator[Found]:
    """The orchestrator calls its nodes over `rest` or `grpc`; it answers clients over both in any case."""
    yield from _one_of(subject, "transport", subject.deployment.spec.transport, TRANSPORTS)


@rule("SG203", Level.ERROR, "An unknown serverType", cluster_only=True)
def server_type(subject: Subject) -> Iterator[Found]:
    """The orchestrator takes requests as a server (`rpc`), or from a topic of Kafka (`kafka`)."""
    yield from _one_of(subject, "serverType", subject.deployment.spec.server_type, SERVER_TYPES)


@rule("SG204", Level.ERROR, "Kafka without its three variables", cluster_only=True)
def kafka_variables(subject: Subject) -> Iterator[Found]:
    """With `serverType: kafka` the orchestrator has to know its broker and two topics, which it takes from the
    variables KAFKA_BROKER, KAFKA_INPUT_TOPIC and KAFKA_OUTPUT_TOPIC in the predictor's `svcOrchSpec.env`. The
    webhook counts the names, so that one written twice hides one that is missing."""
    if subject.deployment.spec.server_type != "kafka":
        return
    for predictor in subject.predictors:
        said = [item.name for item in predictor.spec.svc_orch_spec.env if item.name in KAFKA_VARIABLES]
        missing = [name for name in KAFKA_VARIABLES if name not in said]
        if missing:
            place = (*predictor.place, "svcOrchSpec", "env")
            yield Found(
                place,
                f"predictor {predictor.spec.name!r} does not say {' and '.join(missing)}",
                "add the missing variables to svcOrchSpec.env",
                at_key=True,
            )


@rule("SG205", Level.ERROR, "A shadow alone")
def shadow_alone(subject: Subject) -> Iterator[Found]:
    """A shadow gets copies of what another predictor is asked, and nobody gets its answers. Without that other
    predictor there is nothing to copy and nobody who answers."""
    predictors = subject.predictors
    if len(predictors) == 1 and predictors[0].spec.shadow:
        what = f"the only predictor, {predictors[0].spec.name!r}, is a shadow"
        yield Found((*predictors[0].place, "shadow"), what, "add the predictor that answers, or take `shadow` away")


@rule("SG206", Level.ERROR, "Two predictors with one Service name", cluster_only=True)
def service_name_twice(subject: Subject) -> Iterator[Found]:
    """The annotation `seldon.io/svc-name` names the predictor's Service. Two predictors cannot have the same one:
    requests would go to either."""
    seen: dict[str, str] = {}
    for predictor in subject.predictors:
        name = predictor.spec.annotations.get(SVC_NAME)
        if name and name in seen:
            what = f"predictor {predictor.spec.name!r} names its Service {name!r}, as {seen[name]!r} does"
            yield Found((*predictor.place, "annotations", SVC_NAME), what, "give each predictor's Service its own name")
        elif name:
            seen[name] = predictor.spec.name


@rule("SG207", Level.ERROR, "No predictor")
def no_predictor(subject: Subject) -> Iterator[Found]:
    """A SeldonDeployment without predictors has nothing to serve."""
    if not subject.predictors:
        yield Found(("spec", "predictors"), "there is no predictor", "give one predictor with a graph", at_key=True)


@rule("SG208", Level.ERROR, "No orchestrator for a graph of several nodes", cluster_only=True)
def no_engine(subject: Subject) -> Iterator[Found]:
    """The annotation `seldon.io/no-engine` leaves the orchestrator out, and clients talk to the node's container
    itself. That works for a graph of one node only. The webhook looks for the annotation's name: `"false"` counts as
    well."""
    for predictor in subject.predictors:
        if NO_ENGINE in predictor.spec.annotations and len(predictor.nodes) > 1:
            what = f"predictor {predictor.spec.name!r} has {len(predictor.nodes)} nodes and asks for no orchestrator"
            yield Found(
                (*predictor.place, "annotations", NO_ENGINE),
                what,
                "remove the annotation; its value does not matter",
                at_key=True,
            )


@rule("SG209", Level.ERROR, "Two predictors with one name")
def predictor_name_twice(subject: Subject) -> Iterator[Found]:
    """Deployments, Services and metrics are named after the predictor, so that its name must be its own."""
    seen: set[str] = set()
    for predictor in subject.predictors:
        if predictor.spec.name in seen:
            what = f"the name {predictor.spec.name!r} is taken by an earlier predictor"
            yield Found((*predictor.place, "name"), what, "give each predictor its own name")
        seen.add(predictor.spec.name)


RULES = (
    protocol,
    transport,
    server_type,
    kafka_variables,
    shadow_alone,
    service_name_twice,
    no_predictor,
    no_engine,
    predictor_name_twice,
)
