"""Where everything stands: boxes put behind one another in the order of the data, and side by side.

No line crosses a box: an answer leaves its block in the lane of the box that gave it, and turns only beyond it.
"""

from collections.abc import Sequence
from dataclasses import replace

from servegraph.drawing.block import Block, Branch, Edge, Frame, Placed, Point, merged, side_by_side
from servegraph.drawing.box import DETAIL, TITLE, Box, Line, lines, node_box, node_lines, pill
from servegraph.drawing.measure import width
from servegraph.drawing.outline import Node, Outline, Predictor

GAP = 44  # between a box and the next one, for an arrow that turns
INSET = 16  # of a frame
LABEL = 18  # height of an arrow's label


def label_width(label: str) -> int:
    return width(label, DETAIL.size, bold=True) + 14


class Layout:
    """Places boxes, flowing down or to the right."""

    def __init__(self, outline: Outline, down: bool) -> None:
        self.down = down
        said = (line for predictor in outline.predictors for line in _all_lines(predictor.root))
        self._inner = max((line.width for line in said), default=0)

    def whole(self, outline: Outline) -> Block:
        """The deployment from the request to the answer."""
        if not outline.predictors:
            return self._single(pill("no predictors"))
        if len(outline.predictors) == 1:
            branches = [Branch(self._node(outline.predictors[0].root))]
        else:
            branches = [self._branch(predictor) for predictor in outline.predictors]
        return self._around(self._single(pill("request")), branches, self._single(pill("answer")))

    def size(self, box: Box) -> tuple[int, int]:
        """Length and breadth."""
        return (box.height, box.width) if self.down else (box.width, box.height)

    def _branch(self, predictor: Predictor) -> Branch:
        header = lines(predictor.name, TITLE, self._inner)
        header += lines(f"explainer {predictor.explainer}", DETAIL, self._inner) if predictor.explainer else []
        block = self._framed(self._node(predictor.root), tuple(header), predictor.is_shadow)
        label = f"copy of {predictor.share}" if predictor.is_shadow else predictor.share
        return Branch(block, label, predictor.is_shadow)

    def _framed(self, block: Block, header: tuple[Line, ...], is_shadow: bool) -> Block:
        above = sum(line.style.height for line in header) + INSET // 2
        along, across = (INSET + above, INSET) if self.down else (INSET, INSET + above)
        length, breadth = block.length + along + INSET, block.breadth + across + INSET
        inside = block.moved(along, across)
        frame = Frame((0, 0), length, breadth, header, is_shadow)
        exits = () if is_shadow else inside.exits
        return replace(inside, length=length, breadth=breadth, frames=(frame, *inside.frames), exits=exits)

    def _single(self, box: Box) -> Block:
        length, breadth = self.size(box)
        return Block(length, breadth, (0, breadth // 2), ((length, breadth // 2),), (Placed(box, (0, 0)),))

    def _node(self, node: Node) -> Block:
        box = self._single(node_box(node, self._inner))
        if not node.children:
            return box
        before = box if node.before else None
        after = self._single(node_box(node, self._inner, is_echo=node.before)) if node.after else None
        branches = [Branch(self._node(child), child.share) for child in node.children]
        return self._around(before, branches, after, [child.is_used for child in node.children])

    def _around(
        self, before: Block | None, branches: Sequence[Branch], after: Block | None, used: Sequence[bool] = ()
    ) -> Block:
        """Branches side by side, with what is asked before them and after them."""
        stack, entries, exits = side_by_side(branches, used or [True] * len(branches))
        if before is None and len(branches) > 1:
            before = Block(0, 0, (0, 0), ((0, 0),), dots=((0, 0),))  # where the request is sent to all of them
        if before is not None:
            stack, entries, exits = self._preceded(before, branches, stack, entries, exits)
        if after is None:
            return replace(stack, entry=entries[0], exits=tuple(exits))
        return self._followed(replace(stack, entry=entries[0]), exits, after)

    def _preceded(
        self, before: Block, branches: Sequence[Branch], stack: Block, entries: list[Point], exits: list[Point]
    ) -> tuple[Block, list[Point], list[Point]]:
        tail = max(self._tail(branch.label) for branch in branches)
        start = before.length + GAP + tail
        middle = (entries[0][1] + entries[-1][1]) // 2
        shift = max(0, before.entry[1] - middle)  # a box broader than the stack
        placed = stack.moved(start, shift)
        first = before.moved(0, middle + shift - before.entry[1])
        source = first.exits[0]
        edges = tuple(
            Edge(source, source[0] + 4, start - tail - 8, (x + start, y + shift), branch.label, branch.is_copy)
            for (x, y), branch in zip(entries, branches, strict=True)
        )
        breadth = max(placed.breadth + shift, middle + shift - before.entry[1] + before.breadth)
        block = merged([first, placed], start + stack.length, breadth)
        block = replace(block, edges=block.edges + edges)
        return block, [first.entry], [(x + start, y + shift) for x, y in exits]

    def _followed(self, stack: Block, exits: list[Point], after: Block) -> Block:
        start = stack.length + GAP
        middle = (exits[0][1] + exits[-1][1]) // 2 if exits else stack.entry[1]
        shift = max(0, after.entry[1] - middle)
        last = after.moved(start, middle + shift - after.entry[1])
        placed = stack.moved(0, shift)
        edges = tuple(Edge((x, y + shift), stack.length, start - 12, last.entry) for x, y in exits)
        breadth = max(placed.breadth + shift, middle + shift - after.entry[1] + after.breadth)
        block = merged([placed, last], start + after.length, breadth)
        return replace(block, entry=placed.entry, exits=last.exits, edges=block.edges + edges)

    def _tail(self, label: str) -> int:
        if not label:
            return 0
        return (LABEL if self.down else label_width(label)) + 10


def _all_lines(node: Node) -> list[Line]:
    return [*node_lines(node), *(line for child in node.children for line in _all_lines(child))]
