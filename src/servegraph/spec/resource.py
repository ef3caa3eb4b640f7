"""Base of the typed resource: Seldon's JSON names outside, Python's inside, nothing dropped, nothing moved."""

from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StrictInt,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core.core_schema import ValidationInfo

_AS_WRITTEN = "as written"


class Resource(BaseModel):
    """A part of a SeldonDeployment.

    Fields that we do not model are kept as they are (`extra="allow"`), so that loading and
    dumping loses nothing; `as_json` writes only what was set, in the order of the document that
    was read. A null in a field that we model is as good as absent, as it is for the API server.
    """

    # What is built when it is first read is built once for the whole tree.
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", defer_build=True)

    _written: tuple[str, ...] = PrivateAttr(default=())

    @classmethod
    def read(cls, document: Any) -> Self:
        """The resource of a document that a person wrote; the order of its keys is remembered.

        Raises:
            pydantic.ValidationError: fields are missing or of a wrong type.
        """
        return cls.model_validate(document, context=_AS_WRITTEN)

    @model_validator(mode="wrap")
    @classmethod
    def _validate(cls, document: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if not isinstance(document, dict):
            return handler(document)
        ours = {field.alias for field in cls.model_fields.values()}
        made = handler({key: value for key, value in document.items() if value is not None or key not in ours})
        if info.context == _AS_WRITTEN:
            made._written = tuple(document)
        return made

    def __eq__(self, other: object) -> bool:
        """Whether all values are equal; their order in a document does not count."""
        if not isinstance(other, Resource) or type(self) is not type(other):
            return NotImplemented
        return self.__dict__ == other.__dict__ and self.model_extra == other.model_extra

    def as_json(self) -> dict[str, Any]:
        """The JSON document, with Seldon's names and without what was never set."""
        said: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            if name in self.model_fields_set:
                said[field.alias or name] = _plain(getattr(self, name))
        said.update((key, _plain(value)) for key, value in (self.model_extra or {}).items())
        return {key: said.get(key) for key in dict.fromkeys((*self._written, *said))}


def _plain(value: Any) -> Any:
    match value:
        case Resource():
            return value.as_json()
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case str():
            return str(value)  # an enumeration's member becomes its text
    return value


def _without_nulls(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if value is not None}


StringMap = Annotated[dict[str, str], BeforeValidator(_without_nulls)]
"""Annotations, labels and their like; a null in one is as good as absent, too."""


def _integral(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integer = Annotated[StrictInt, BeforeValidator(_integral)]
"""A whole number; JSON does not tell 50.0 from 50."""
