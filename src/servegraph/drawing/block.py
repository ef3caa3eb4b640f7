"""A piece of a picture: boxes that belong together, and the arrows among them.

Lengths are pixels along the flow, breadths across it, so that one computation serves pictures that flow to the
right and pictures that flow down. A block begins at (0, 0).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from servegraph.drawing.box import Box, Line

AIR = 22  # pixels between two boxes side by side

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow: straight from `start` to `leave`, a turn until `land`, straight to `end`; `leave` and `land` are
    lengths. The label sits on the last straight part."""

    start: Point
    leave: int
    land: int
    end: Point
    label: str = ""
    is_copy: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    box: Box
    at: Point  # its corner


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame around a predictor."""

    at: Point
    length: int
    breadth: int
    header: tuple[Line, ...]
    is_shadow: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Boxes that belong together; `entry` is where the request comes in, `exits` where answers leave."""

    length: int
    breadth: int
    entry: Point
    exits: tuple[Point, ...]
    boxes: tuple[Placed, ...] = ()
    edges: tuple[Edge, ...] = ()
    frames: tuple[Frame, ...] = ()
    dots: tuple[Point, ...] = ()

    def moved(self, along: int, across: int) -> "Block":
        def point(at: Point) -> Point:
            return at[0] + along, at[1] + across

        def edge(it: Edge) -> Edge:
            return replace(it, start=point(it.start), leave=it.leave + along, land=it.land + along, end=point(it.end))

        return replace(
            self,
            entry=point(self.entry),
            exits=tuple(map(point, self.exits)),
            boxes=tuple(Placed(placed.box, point(placed.at)) for placed in self.boxes),
            edges=tuple(map(edge, self.edges)),
            frames=tuple(replace(frame, at=point(frame.at)) for frame in self.frames),
            dots=tuple(map(point, self.dots)),
        )


@dataclass(frozen=True, slots=True)
class Branch:
    """A block that gets requests from the one before it."""

    block: Block
    label: str = ""
    is_copy: bool = False


def side_by_side(branches: Sequence[Branch], used: Sequence[bool]) -> tuple[Block, list[Point], list[Point]]:
    """The branches across the flow, where requests enter each, and where the answers that are used leave."""
    placed: list[Block] = []
    across = 0
    for branch in branches:
        placed.append(branch.block.moved(0, across))
        across += branch.block.breadth + AIR
    entries = [block.entry for block in placed]
    exits = [point for block, is_used in zip(placed, used, strict=True) if is_used for point in block.exits]
    return merged(placed, max(block.length for block in placed), across - AIR), entries, exits


def merged(blocks: Sequence[Block], length: int, breadth: int) -> Block:
    """Blocks that are in place already as one, without exits."""
    return Block(
        length,
        breadth,
        blocks[0].entry,
        (),
        tuple(box for block in blocks for box in block.boxes),
        tuple(edge for block in blocks for edge in block.edges),
        tuple(frame for block in blocks for frame in block.frames),
        tuple(dot for block in blocks for dot in block.dots),
    )
