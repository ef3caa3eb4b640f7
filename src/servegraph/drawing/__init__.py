"""A deployment to look at: its graph as a tree of lines, and as an SVG picture.

Both are drawn from an `Outline`, which says what there is to show; neither asks a registry or a server.
"""

from servegraph.drawing.outline import Outline, outline
from servegraph.drawing.svg import svg
from servegraph.drawing.tree import tree

__all__ = ["Outline", "outline", "svg", "tree"]
