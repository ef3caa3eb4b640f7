"""The outline as an SVG picture: no script, no font, no link; the same outline gives the same bytes.

It has a ground of its own and follows the reader's dark or light mode, so that it can be shown on any page.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from servegraph.drawing.block import Block, Edge, Frame, Placed, Point
from servegraph.drawing.box import DETAIL, PADDING, STRIPE, TITLE, Box, Line, lines
from servegraph.drawing.layout import INSET, LABEL, Layout, label_width
from servegraph.drawing.measure import printable
from servegraph.drawing.outline import Outline
from servegraph.drawing.style import SHEET

COMFORTABLE = 1000  # pixels of width that a page shows without shrinking the letters too much
MARGIN = 24


def svg(outline: Outline) -> str:
    """The picture's text. It flows to the right, or down when it would be too wide for a page."""
    layouts = [Layout(outline, down) for down in (False, True)]
    pictures = [_Picture(outline, layout, layout.whole(outline)) for layout in layouts]
    right, down = pictures
    return (right if right.width <= max(COMFORTABLE, down.width) else down).text()


class _Picture:
    def __init__(self, outline: Outline, layout: Layout, block: Block) -> None:
        self._outline = outline
        self._down = layout.down
        self._title = _title(outline)
        top = MARGIN + sum(line.style.height for line in self._title) + 16
        breadth, length = (block.breadth, block.length) if self._down else (block.length, block.breadth)
        self.width = max([breadth, *(line.width for line in self._title)]) + 2 * MARGIN
        self._height = top + length + MARGIN
        spare = (self.width - 2 * MARGIN - breadth) // 2
        self._block = block.moved(top, MARGIN + spare) if self._down else block.moved(MARGIN + spare, top)

    def text(self) -> str:
        return "".join(f"{line}\n" for line in self._elements())

    def _elements(self) -> Iterator[str]:
        size = f'width="{self.width}" height="{self._height}" viewBox="0 0 {self.width} {self._height}"'
        label = quoteattr(printable(f"Graph of {self._outline.name}"))
        yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={label}>'
        yield f"<style>{SHEET}</style>"
        yield (
            '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker>'
        )
        yield f'<rect class="ground" width="{self.width}" height="{self._height}" rx="10"/>'
        yield from _text(self._title, MARGIN, MARGIN)
        for frame in self._block.frames:
            yield self._frame(frame)
        for edge in self._block.edges:
            yield self._edge(edge)
        for frame in self._block.frames:
            yield from self._header(frame)
        for dot in self._block.dots:
            x, y = self._xy(dot)
            yield f'<circle class="dot" cx="{x}" cy="{y}" r="4"/>'
        for placed in self._block.boxes:
            yield from self._box(placed)
        for edge in self._block.edges:
            yield from self._label(edge)
        yield "</svg>"

    def _xy(self, at: Point) -> Point:
        return (at[1], at[0]) if self._down else at

    def _point(self, along: int, across: int) -> str:
        x, y = self._xy((along, across))
        return f"{x} {y}"

    def _frame(self, frame: Frame) -> str:
        x, y = self._xy(frame.at)
        width, height = self._xy((frame.length, frame.breadth))
        kind = "frame shadow" if frame.is_shadow else "frame"
        return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="10"/>'

    def _header(self, frame: Frame) -> Iterator[str]:
        x, y = self._xy(frame.at)
        yield '<g class="header">'
        yield from _text(frame.header, x + INSET, y + INSET // 2 + 2)
        yield "</g>"

    def _edge(self, edge: Edge) -> str:
        (start, lane), (end, goal) = edge.start, edge.end
        turn = (edge.leave + edge.land) // 2
        curve = f"C{self._point(turn, lane)} {self._point(turn, goal)} {self._point(edge.land, goal)}"
        path = f"M{self._point(start, lane)}L{self._point(edge.leave, lane)}{curve}L{self._point(end - 1, goal)}"
        tip = "" if edge.end in self._block.dots else ' marker-end="url(#tip)"'
        return f'<path class="{"copy" if edge.is_copy else "edge"}"{tip} d="{path}"/>'

    def _label(self, edge: Edge) -> Iterator[str]:
        if not edge.label:
            return
        width = label_width(edge.label)
        x, y = self._xy((edge.land + (LABEL if self._down else width) // 2, edge.end[1]))
        place = f'x="{x - width // 2}" y="{y - LABEL // 2}" width="{width}" height="{LABEL}"'
        yield f'<rect class="share" {place} rx="9"/>'
        yield f'<text class="share-text" x="{x}" y="{y + 4}">{escape(edge.label)}</text>'

    def _box(self, placed: Placed) -> Iterator[str]:
        box = placed.box
        x, y = self._xy(placed.at)
        if box.css == "end":
            yield f'<rect class="end" x="{x}" y="{y}" width="{box.width}" height="{box.height}" rx="13"/>'
            yield f'<text class="pill" x="{x + box.width // 2}" y="{y + 17}">{escape(box.lines[0].text)}</text>'
            return
        yield f'<g class="{box.css}{" echo" if box.is_echo else ""}">'
        yield f'<rect class="box" x="{x}" y="{y}" width="{box.width}" height="{box.height}" rx="6"/>'
        yield f'<path class="stripe" d="{_stripe(x, y, box)}"/>'
        yield from _text(box.lines, x + STRIPE + PADDING, y + PADDING - 3)
        yield "</g>"


def _stripe(x: int, y: int, box: Box) -> str:
    """The coloured left edge of a box, round where the box is."""
    return f"M{x + 6} {y}h-1a5 5 0 0 0 -5 5v{box.height - 10}a5 5 0 0 0 5 5h1z"


def _title(outline: Outline) -> tuple[Line, ...]:
    facts = list(outline.facts)
    if len(outline.predictors) == 1:
        only = outline.predictors[0]
        facts.insert(0, f"predictor {only.name}")
        facts += [f"explainer {only.explainer}"] if only.explainer else []
    return (*lines(outline.name, TITLE, 900), *lines(", ".join(facts), DETAIL, 700))


def _text(said: tuple[Line, ...], x: int, y: int) -> Iterator[str]:
    """Lines below one another; (x, y) is the upper left corner of the first."""
    for line in said:
        y += line.style.height
        yield f'<text class="{line.style.css}" x="{x}" y="{y - 4}">{escape(line.text)}</text>'
