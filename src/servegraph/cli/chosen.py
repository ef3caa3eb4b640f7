"""Which predictors of a deployment are run, and what a cluster would do that is not done here."""

from collections.abc import Iterator, Sequence

from servegraph.cli.backend import check_shares, share_of
from servegraph.errors import ConfigurationError
from servegraph.spec import PredictorSpec, SeldonDeployment


def chosen(deployment: SeldonDeployment, name: str | None) -> list[PredictorSpec]:
    """All predictors, or the named one alone, which then gets all requests.

    Raises:
        ConfigurationError: there is none of this name, they cannot share the requests, or the deployment reads Kafka.
    """
    if deployment.spec.server_type == "kafka":
        what = f"{deployment.name!r} reads its requests from Kafka (serverType: kafka), which is not done here"
        raise ConfigurationError(what, hint="drop serverType from a copy of the manifest to ask it over REST and gRPC")
    predictors = deployment.spec.predictors
    if name is not None:
        found = [predictor for predictor in predictors if predictor.name == name]
        if not found:
            names = ", ".join(predictor.name for predictor in predictors)
            raise ConfigurationError(f"there is no predictor {name!r}", hint=f"the predictors are: {names}")
        return [found[0].model_copy(update={"shadow": False, "traffic": None})]
    check_shares(predictors)
    return list(predictors)


def notes(deployment: SeldonDeployment, predictors: Sequence[PredictorSpec]) -> Iterator[str]:
    """What callers would miss, a line each."""
    if deployment.spec.protocol == "tensorflow":
        yield "protocol tensorflow: /v1/models/... and tensorflow.serving are not served; Seldon's API and /v2 are"
    for predictor in predictors:
        if predictor.explainer is not None and predictor.has_explainer:
            yield f"the explainer of predictor {predictor.name!r} ({predictor.explainer.type}) is not run"
        if predictor.ssl is not None and predictor.ssl.cert_secret_name:
            yield f"predictor {predictor.name!r}: its certificate is not used; this endpoint has no TLS"


def predictor_line(predictor: PredictorSpec, predictors: Sequence[PredictorSpec]) -> str:
    """`canary  25 % of the requests`."""
    share = share_of(predictor, [each for each in predictors if not each.shadow])
    what = f"shadow, copies of {share} %" if predictor.shadow else f"{share} %"
    return f"[bold]{predictor.name}[/]  [dim]{what} of the requests[/]"
