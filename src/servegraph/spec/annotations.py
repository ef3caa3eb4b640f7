"""The annotations of a pod, as Kubernetes writes them into a file, and those that we follow.

Source:
    Kubernetes' downward API: a line `key="value"` for each annotation, sorted, the value quoted
    as Go quotes a string (so a line end or a quote inside it is escaped). The originals split
    lines at `=` and lose everything, or cut values, where a value has one; we read the quotes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from servegraph.errors import Problem

REST_TIMEOUT = "seldon.io/rest-timeout"
GRPC_TIMEOUT = "seldon.io/grpc-timeout"
GRPC_MAX_MESSAGE_SIZE = "seldon.io/grpc-max-message-size"

_LINE = re.compile(r'\s*([^\s="]+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*')
_ESCAPE = re.compile(r"((?:\\(?:x[0-9a-fA-F]{2}|[0-7]{3}))+)|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)")
_BYTE = re.compile(r"\\(?:x(..)|(...))")
_ONE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LARGEST = 2**31 - 1  # int32, as the originals hold milliseconds and sizes


def parse_annotations(text: str) -> dict[str, str]:
    """The annotations of a downward API file; a line that is none is left out."""
    lines = (_LINE.fullmatch(line) for line in text.split("\n"))
    return {found[1]: _unquoted(found[2]) for found in lines if found}


def _unquoted(quoted: str) -> str:
    return _ESCAPE.sub(_character, quoted)


def _character(found: re.Match[str]) -> str:
    octets, short, long, one = found.groups()
    if octets:  # several of them can be one character in UTF-8
        values = (int(hexa, 16) if hexa else int(octal, 8) & 0xFF for hexa, octal in _BYTE.findall(octets))
        return bytes(values).decode("utf-8", "replace")
    if one:
        return _ONE.get(one, one)
    code = int(short or long, 16)
    is_character = code <= 0x10FFFF and not 0xD800 <= code < 0xE000
    return chr(code) if is_character else "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call of a component may take, and how large a gRPC message may be.

    Attributes:
        rest_timeout_s: seconds for a REST call and for a graph asked over REST; None for no limit.
        grpc_timeout_s: the same for gRPC.
        grpc_max_message_size: bytes; None for the default.
    """

    rest_timeout_s: float | None = None
    grpc_timeout_s: float | None = None
    grpc_max_message_size: int | None = None


def call_limits(annotations: Mapping[str, str]) -> tuple[CallLimits, list[Problem]]:
    """What the annotations say, and which of them say nothing that can be used; those count as absent."""
    problems: list[Problem] = []
    rest = _positive(annotations, REST_TIMEOUT, "milliseconds", problems)
    grpc = _positive(annotations, GRPC_TIMEOUT, "milliseconds", problems)
    size = _positive(annotations, GRPC_MAX_MESSAGE_SIZE, "bytes", problems)
    return CallLimits(rest and rest / 1000, grpc and grpc / 1000, size), problems


def _positive(annotations: Mapping[str, str], key: str, unit: str, problems: list[Problem]) -> int | None:
    text = annotations.get(key)
    if text is None:
        return None
    if re.fullmatch(r"0*[1-9][0-9]{0,9}", text) and int(text) <= _LARGEST:
        return int(text)
    problems.append(Problem(f"annotation {key}", f"is {text!r}", f"write a whole number of {unit} above 0"))
    return None
