"""A box of the picture: its lines of text, and how large they make it."""

from dataclasses import dataclass

from servegraph.drawing.measure import printable, width, wrap
from servegraph.drawing.outline import Node
from servegraph.spec import UnitType

LIMIT = 236  # pixels of a line
PADDING = 12
STRIPE = 5


@dataclass(frozen=True, slots=True)
class Style:
    """How a kind of line is set: its class in the picture's style sheet, size and height in pixels."""

    css: str
    size: float
    bold: bool
    height: int


WORD = Style("word", 10, True, 15)
NAME = Style("name", 14, True, 19)
DETAIL = Style("detail", 11, False, 16)
TITLE = Style("title", 16, True, 24)
PILL = Style("pill", 11, True, 20)


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    style: Style

    @property
    def width(self) -> int:
        return width(self.text, self.style.size, self.style.bold)


@dataclass(frozen=True, slots=True)
class Box:
    """A box; `css` is its class, and an `is_echo` is the second one of a node that is asked twice."""

    lines: tuple[Line, ...]
    css: str
    width: int
    height: int
    is_echo: bool = False


def lines(text: str, style: Style, limit: int = LIMIT) -> list[Line]:
    """A text of a manifest in lines that fit."""
    return [Line(line, style) for line in wrap(printable(text), limit, style.size, style.bold)]


def node_lines(node: Node) -> list[Line]:
    used = "" if node.is_used else "its answer is not used"
    details = (node.artifact, node.image, node.logger, used)
    below = [line for detail in details for line in lines(detail, DETAIL)]
    return [*lines(node.word, WORD), *lines(node.name, NAME), *below]


def echo_lines(node: Node) -> list[Line]:
    """What stands in the second box of a node that is asked before and after its children."""
    return [*lines("on the way back", WORD), *lines(node.name, NAME)]


def node_box(node: Node, inner: int, is_echo: bool = False) -> Box:
    """The box of a node; `inner` is the width of its text."""
    said = tuple(echo_lines(node) if is_echo else node_lines(node))
    height = sum(line.style.height for line in said) + 2 * PADDING - 4
    return Box(said, css(node.kind), inner + 2 * PADDING + STRIPE, height, is_echo)


def css(kind: UnitType) -> str:
    return kind.lower().replace("_", "-")


def pill(text: str) -> Box:
    """A small round box: the request and the answer."""
    line = Line(text, PILL)
    return Box((line,), "end", line.width + 2 * PADDING, 26)
