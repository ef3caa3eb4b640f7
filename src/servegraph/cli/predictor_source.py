"""Where `servegraph executor` finds the predictor that it serves: the environment, or a manifest."""

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from servegraph.errors import ConfigurationError
from servegraph.spec import PredictiveUnit, PredictorSpec, UnitType, load

VARIABLE = "ENGINE_PREDICTOR"


def read_predictor(environment: Mapping[str, str], file: Path | None, name: str) -> PredictorSpec:
    """The predictor in a manifest, by its name, else the one in ENGINE_PREDICTOR (base64 of its JSON).

    A type that is not said stays so: whoever wrote the document has applied the defaults.

    Raises:
        ConfigurationError: neither is there, or it cannot be read.
    """
    predictor = _from_manifest(file, name) if file else _from_variable(environment)
    for unit in predictor.graph.walk():
        _make_explicit(unit)
    return predictor


def _make_explicit(unit: PredictiveUnit) -> None:
    if unit.type is None:
        unit.type = UnitType.UNKNOWN_TYPE


def _from_manifest(file: Path, name: str) -> PredictorSpec:
    deployment = load(file)
    for predictor in deployment.spec.predictors:
        if predictor.name == name:
            return predictor
    names = ", ".join(predictor.name for predictor in deployment.spec.predictors) or "none"
    raise ConfigurationError(f"{file} has no predictor {name!r}", hint=f"it has {names}; choose with --predictor")


def _from_variable(environment: Mapping[str, str]) -> PredictorSpec:
    encoded = environment.get(VARIABLE)
    if not encoded:
        hint = "set it to the base64 of a PredictorSpec's JSON, or give a manifest with --file"
        raise ConfigurationError(f"{VARIABLE} is not set", hint=hint)
    try:
        # Line ends are allowed, as in Go: `base64` makes them.
        return PredictorSpec.model_validate(json.loads(base64.b64decode("".join(encoded.split()), validate=True)))
    except (binascii.Error, ValueError) as error:
        what = _first_problem(error) if isinstance(error, ValidationError) else str(error)
        hint = "it must be the base64 of a PredictorSpec's JSON"
        raise ConfigurationError(f"{VARIABLE} cannot be read: {what}", hint=hint) from error


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
