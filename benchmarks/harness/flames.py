"""A flame graph as SVG: a box for each function, as wide as what it took of a request; above it what it called.

Widths are microseconds of CPU. What all stacks begin with (the command line, the event loop) is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from harness.profiling import Profile, function, part

WIDTH, ROW, LETTER = 1600.0, 17.0, 6.2
_NARROWEST = 0.6  # pixels; narrower boxes are left out
_HUES = {"servegraph": 205, "components": 140, "uvloop": 275, "Python's library": 50}
_OTHER_HUE = 20


@dataclass(slots=True)
class Node:
    """A function below its caller; `spent` has what it called."""

    frame: str
    spent: float = 0.0
    below: dict[str, "Node"] = field(default_factory=dict)

    def depth(self) -> int:
        return 1 + max((node.depth() for node in self.below.values()), default=0)


def draw_flames(profile: Profile, file: Path) -> None:
    """Write the SVG."""
    root = _tree(profile)
    height = ROW * (root.depth() + 2)
    boxes = "\n".join(_boxes(root, 0.0, height - 2 * ROW, WIDTH / max(root.spent, 1e-9)))
    outside = ", ".join(f"{name} {spent:.0f}" for name, spent in profile.threads.items() if spent >= 1) or "none"
    note = f"µs of CPU for a request, {profile.measured.rate:,.0f} req/s; threads without Python: {outside}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'font-family="monospace" font-size="10">\n<rect width="100%" height="100%" fill="white"/>\n{boxes}\n'
        f'<text x="4" y="{height - 5:.0f}" font-size="12">{escape(note)}</text>\n</svg>\n',
        encoding="utf-8",
    )


def _tree(profile: Profile) -> Node:
    """All stacks as one tree, lines of a function together; the trunk that all have in common is one node."""
    root = Node("all")
    for stack in profile.stacks:
        node = root
        node.spent += stack.spent
        for frame in stack.frames:
            node = node.below.setdefault(f"{part(frame)}\0{function(frame)}", Node(frame))
            node.spent += stack.spent
    while len(root.below) == 1 and (only := next(iter(root.below.values()))).spent == root.spent:
        root = only
    return root


def _boxes(node: Node, x: float, y: float, scale: float) -> Iterator[str]:
    width = node.spent * scale
    if width < _NARROWEST:
        return
    name, owner = function(node.frame), part(node.frame)
    hue = _HUES.get(owner.partition(".")[0], _OTHER_HUE)
    told = escape(f"{owner}: {name}, {node.spent:.1f} µs")
    label = escape(name[: int((width - 4) / LETTER)]) if width > 4 * LETTER else ""
    yield (
        f'<g><title>{told}</title><rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{ROW - 1}" '
        f'fill="hsl({hue} 60% 78%)"/><text x="{x + 2:.1f}" y="{y + 12:.1f}">{label}</text></g>'
    )
    for below in sorted(node.below.values(), key=lambda each: -each.spent):
        yield from _boxes(below, x, y - ROW, scale)
        x += below.spent * scale
