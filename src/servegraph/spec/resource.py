"""Base of the typed resource: Seldon's JSON names outside, Python's inside, nothing dropped."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel


class Resource(BaseModel):
    """A part of a SeldonDeployment.

    Fields that we do not model are kept as they are (`extra="allow"`), so that loading and
    dumping loses nothing; `as_json` writes only what was set. A null in a field that we
    model is as good as absent, as it is for the API server.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        ours = {field.alias for field in cls.model_fields.values()}
        return {key: value for key, value in document.items() if value is not None or key not in ours}

    def as_json(self) -> dict[str, Any]:
        """The JSON document, with Seldon's names and without what was never set."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
