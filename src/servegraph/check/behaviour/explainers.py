"""SG380-SG384: explainers."""

import json
from collections.abc import Iterator
from difflib import get_close_matches

from servegraph.check.edit import Remove, Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Subject
from servegraph.spec.explainer import EXPLAINER_TYPES, Explainer
from servegraph.spec.servers import V2
from servegraph.spec.source import Place

_ONLY_V2 = ("Counterfactuals", "Contrastive")
_WHITE_BOX = ("IntegratedGradients", "TreeShap")  # they read the model itself; the v2 runtime asks the predictor


def _explainers(subject: Subject) -> Iterator[tuple[Place, Explainer]]:
    for predictor in subject.predictors:
        if predictor.spec.explainer:
            yield (*predictor.place, "explainer"), predictor.spec.explainer


@rule("SG380", Level.ERROR, "An explainer of an unknown type", cluster_only=True)
def types(subject: Subject) -> Iterator[Found]:
    """The API server takes any text as the type of an explainer. With the v2 protocol the operator stops at a word it
    does not know and the state becomes Failed; otherwise the explainer is started with it and ends, again and again.
    The words of before 1.0, such as anchor_images, are among the unknown ones, and types are a matter of upper and
    lower case."""
    for place, explainer in _explainers(subject):
        if explainer.type and explainer.type not in EXPLAINER_TYPES:
            near = get_close_matches(_plain(explainer.type), {_plain(word): word for word in EXPLAINER_TYPES}, 1)
            right = next((word for word in EXPLAINER_TYPES if near and _plain(word) == near[0]), "")
            edits = [Replace((*place, "type"), right)] if right else []
            help_ = f"did you mean {right}?" if right else f"use one of {', '.join(EXPLAINER_TYPES)}"
            yield Found((*place, "type"), f"there is no explainer {explainer.type!r}", help_, edits=edits)


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


@rule("SG381", Level.NOTE, "An explainer without a type", cluster_only=True)
def typeless(subject: Subject) -> Iterator[Found]:
    """Without a type the explainer counts as absent: nothing is made of it, and nothing says so."""
    for place, explainer in _explainers(subject):
        if not explainer.type:
            message = "the explainer has no type, so there is none"
            yield Found(
                place,
                message,
                f"set its type, e.g. {EXPLAINER_TYPES[0]}, or remove it",
                edits=[Remove(place)],
                at_key=True,
            )


@rule("SG382", Level.ERROR, "An explainer that its protocol does not have", cluster_only=True)
def protocols(subject: Subject) -> Iterator[Found]:
    """The two explainer servers differ. That of the seldon and tensorflow protocols has no Counterfactuals and no
    Contrastive, and ends at its start. That of the v2 protocol asks the predictor over the network, so it cannot
    explain with IntegratedGradients or TreeShap, which need the model itself."""
    for place, explainer in _explainers(subject):
        v2 = subject.protocol == V2
        if explainer.type in (_WHITE_BOX if v2 else _ONLY_V2):
            message = f"the explainer server of the protocol {subject.protocol} has no {explainer.type}"
            yield Found((*place, "type"), message, f"use {'another type' if v2 else 'the protocol v2'}")


@rule("SG383", Level.WARNING, "Settings of an explainer that its protocol ignores", cluster_only=True)
def ignored_settings(subject: Subject) -> Iterator[Found]:
    """With the v2 protocol an explainer's settings are its initParameters; `config` is not read, and the variables of
    its containerSpec are replaced by the operator's. With the other protocols it is the other way round: `config`
    counts, and initParameters are not read."""
    for place, explainer in _explainers(subject):
        if subject.protocol != V2:
            if explainer.init_parameters:
                yield _ignored((*place, "initParameters"), "initParameters", "use config", subject)
            continue
        if explainer.config:
            yield _ignored((*place, "config"), "config", "use initParameters", subject)
        if explainer.container_spec and explainer.container_spec.env:
            where = (*place, "containerSpec", "env")
            yield _ignored(where, "env of the explainer's container", "use initParameters, or envFrom", subject)


def _ignored(place: Place, what: str, help_: str, subject: Subject) -> Found:
    message = f"{what} has no effect with the protocol {subject.protocol}"
    return Found(place, message, help_, edits=[Remove(place)], at_key=True)


@rule("SG384", Level.ERROR, "initParameters that are no JSON object", cluster_only=True)
def init_parameters(subject: Subject) -> Iterator[Found]:
    """With the v2 protocol the operator copies initParameters into the JSON of the explainer's settings. They must be
    a JSON object, as text; anything else stops the operator, or the explainer."""
    for place, explainer in _explainers(subject):
        if explainer.init_parameters and subject.protocol == V2 and not _is_object(explainer.init_parameters):
            message = "initParameters is no JSON object"
            yield Found((*place, "initParameters"), message, """write it like '{"threshold": 0.95}'""")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


RULES = (types, typeless, protocols, ignored_settings, init_parameters)
