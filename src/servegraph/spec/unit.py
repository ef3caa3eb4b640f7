"""PredictiveUnit: a node of the graph.

Source:
    SeldonDeployment CRD, `spec.predictors[].graph`; enum values are Seldon's, upper case.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from servegraph.spec.resource import Resource


class UnitType(StrEnum):
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    MODEL = "MODEL"
    ROUTER = "ROUTER"
    COMBINER = "COMBINER"
    TRANSFORMER = "TRANSFORMER"
    OUTPUT_TRANSFORMER = "OUTPUT_TRANSFORMER"


class Implementation(StrEnum):
    """The implementations that need no container; any other name is a prepackaged server."""

    UNKNOWN_IMPLEMENTATION = "UNKNOWN_IMPLEMENTATION"
    SIMPLE_MODEL = "SIMPLE_MODEL"
    SIMPLE_ROUTER = "SIMPLE_ROUTER"
    RANDOM_ABTEST = "RANDOM_ABTEST"
    AVERAGE_COMBINER = "AVERAGE_COMBINER"


class UnitMethod(StrEnum):
    TRANSFORM_INPUT = "TRANSFORM_INPUT"
    TRANSFORM_OUTPUT = "TRANSFORM_OUTPUT"
    ROUTE = "ROUTE"
    AGGREGATE = "AGGREGATE"
    SEND_FEEDBACK = "SEND_FEEDBACK"


class ParameterType(StrEnum):
    INT = "INT"
    FLOAT = "FLOAT"
    DOUBLE = "DOUBLE"
    STRING = "STRING"
    BOOL = "BOOL"


# The API server takes any text for these; what it knows is the enumeration's member here, other text stays text.
_LEFT_TO_RIGHT = Field(union_mode="left_to_right")
AnyUnitType = Annotated[UnitType | str, _LEFT_TO_RIGHT]
AnyUnitMethod = Annotated[UnitMethod | str, _LEFT_TO_RIGHT]
AnyParameterType = Annotated[ParameterType | str, _LEFT_TO_RIGHT]


class Parameter(Resource):
    """A constructor argument of the component; `value` is text whatever its type."""

    name: str
    value: str
    type: AnyParameterType = ParameterType.STRING

    @classmethod
    def of(cls, name: str, value: bool | int | float | str) -> "Parameter":
        """The parameter of a Python value."""
        match value:
            case bool():
                return cls(name=name, value=str(value).lower(), type=ParameterType.BOOL)
            case int():
                return cls(name=name, value=str(value), type=ParameterType.INT)
            case float():
                return cls(name=name, value=repr(value), type=ParameterType.DOUBLE)
            case str():
                return cls(name=name, value=value, type=ParameterType.STRING)
        raise TypeError(f"parameter {name!r}: {type(value).__name__} is none of bool, int, float, str")

    def python_value(self) -> bool | int | float | str:
        """The value as its type says.

        Raises:
            ValueError: the text is no such value.
        """
        match self.type:
            case ParameterType.INT:
                return int(self.value)
            case ParameterType.FLOAT | ParameterType.DOUBLE:
                return float(self.value)
            case ParameterType.BOOL:
                return _truth(self.value)
        return self.value


_TRUE = frozenset(("y", "yes", "t", "true", "on", "1"))
_FALSE = frozenset(("n", "no", "f", "false", "off", "0"))


def _truth(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"{text!r} is no truth value; write true or false")
    return word in _TRUE


class PredictiveUnit(Resource):
    """One node with its children.

    `endpoint` and `logger` stay mappings; the node types, methods and built-in
    implementations are Seldon's.
    """

    name: str
    type: AnyUnitType | None = None
    implementation: str | None = None
    methods: list[AnyUnitMethod] = Field(default_factory=list)
    model_uri: str | None = None
    service_account_name: str | None = None
    env_secret_ref_name: str | None = None
    storage_initializer_image: str | None = None
    parameters: list[Parameter] = Field(default_factory=list)
    endpoint: dict[str, Any] | None = None
    logger: Any = None  # read by spec.logger, for which a wrong one is no reason to stop
    children: list["PredictiveUnit"] = Field(default_factory=list)

    def walk(self) -> Iterator["PredictiveUnit"]:
        """This node, then every node below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def built_in(self) -> Implementation | None:
        """The built-in implementation, if the node has one.

        With an address a component implements it; but RANDOM_ABTEST without a type is drawn by
        whoever runs the graph, in any case.
        """
        if self.implementation not in set(Implementation) - {Implementation.UNKNOWN_IMPLEMENTATION}:
            return None
        implementation = Implementation(str(self.implementation))
        is_draw = implementation is Implementation.RANDOM_ABTEST and self.type in (None, UnitType.UNKNOWN_TYPE)
        return implementation if is_draw or not self.has_address else None

    @property
    def has_address(self) -> bool:
        """Whether `endpoint` says where the node's component answers."""
        return bool(self.endpoint and self.endpoint.get("service_host"))

    @property
    def effective_type(self) -> UnitType:
        """The type after the operator's defaulting: MODEL when nothing else is said, and for every server.

        A word that is no type is as good as UNKNOWN_TYPE: nothing is asked of such a node.
        """
        if self.is_server:
            return UnitType.MODEL
        if self.type:
            return self.type if isinstance(self.type, UnitType) else UnitType.UNKNOWN_TYPE
        return UnitType.UNKNOWN_TYPE if self.built_in or self.methods else UnitType.MODEL

    @property
    def is_server(self) -> bool:
        """Whether the node is a prepackaged server, e.g. SKLEARN_SERVER."""
        return bool(self.implementation) and self.implementation not in set(Implementation)

    @property
    def is_router(self) -> bool:
        """Whether the node chooses among its children, by a component or by a built-in draw."""
        if self.built_in in (Implementation.RANDOM_ABTEST, Implementation.SIMPLE_ROUTER):
            return True
        return self.effective_type is UnitType.ROUTER or UnitMethod.ROUTE in self.methods
