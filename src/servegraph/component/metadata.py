"""The metadata document of a component: what it says of itself, checked.

Source:
    Seldon's component server: `init_metadata()`, overlaid by the YAML of MODEL_METADATA, over
    defaults from the image's name. Inputs and outputs are described in Seldon's form or in Open
    Inference's.
"""

from collections.abc import Callable, Mapping
from typing import Any

import yaml

_DATATYPES = frozenset("BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES".split())
_ARRAYS = frozenset(("tensor", "ndarray", "tftensor"))
_PLAIN = frozenset(("strData", "binData"))


def metadata_of(own: Any, overlay: str, image: str) -> dict[str, Any]:
    """A component's metadata document, not checked yet.

    Args:
        own: what `init_metadata()` returned; what is no mapping counts for nothing.
        overlay: YAML, of which the same holds.
    """
    name, _, version = image.rpartition(":")
    defaults = {"name": name, "versions": [version], "platform": "", "inputs": [], "outputs": [], "custom": {}}
    return {**defaults, **_mapping(own), **_mapping(_parsed(overlay))}


def _parsed(overlay: str) -> Any:
    try:
        return yaml.safe_load(overlay)
    except yaml.YAMLError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def is_valid(document: Mapping[str, Any]) -> bool:
    """Whether a metadata document has the members that Seldon knows, and no other."""
    return document.keys() == _MEMBERS.keys() and all(_MEMBERS[name](value) for name, value in document.items())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_whole(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(size, int | float) and not isinstance(size, bool) and size == size // 1 for size in value
    )


def _maps_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _are_described(value: Any) -> bool:
    return isinstance(value, list) and all(_is_description(item) for item in value)


def _is_description(item: Any) -> bool:
    return isinstance(item, dict) and (_is_seldons(item) or _has_only(item, _TENSOR))


def _is_seldons(item: Mapping[str, Any]) -> bool:
    kind = str(item.get("messagetype"))
    if kind in _PLAIN:
        return item.keys() == {"messagetype"}
    if kind in _ARRAYS:
        return _has_only(item, {"messagetype": _is_text, "schema": _is_array_schema})
    return _has_only(item, {"messagetype": _is_text, "schema": lambda schema: isinstance(schema, dict)})


def _is_array_schema(schema: Any) -> bool:
    return isinstance(schema, dict) and _has_only(schema, {"names": _are_texts, "shape": _are_whole})


def _has_only(item: Mapping[str, Any], members: Mapping[str, Callable[[Any], bool]]) -> bool:
    return all(name in members and members[name](value) for name, value in item.items())


_TENSOR: Mapping[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "datatype": lambda value: _is_text(value) and value in _DATATYPES,
    "shape": _are_whole,
}
_MEMBERS: Mapping[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "versions": _are_texts,
    "platform": _is_text,
    "inputs": _are_described,
    "outputs": _are_described,
    "custom": _maps_texts,
}
