"""The outline as a tree of lines for the terminal."""

from collections.abc import Iterable

from rich.text import Text
from rich.tree import Tree

from servegraph.drawing.measure import printable
from servegraph.drawing.outline import Node, Outline, Predictor
from servegraph.spec import UnitType

_STYLES = {
    UnitType.MODEL: "blue",
    UnitType.ROUTER: "magenta",
    UnitType.COMBINER: "green",
    UnitType.TRANSFORMER: "cyan",
    UnitType.OUTPUT_TRANSFORMER: "cyan",
    UnitType.UNKNOWN_TYPE: "dim",
}


def tree(outline: Outline) -> Tree:
    """One line a node, below the one that calls it; nothing of a manifest is read as markup."""
    root = Tree(_line([(outline.name, "bold"), (", ".join(outline.facts), "dim")]))
    for predictor in outline.predictors:
        branch = root.add(_line(_predictor(predictor)))
        _add(branch, predictor.root)
        if predictor.explainer:
            branch.add(_line([("explainer", "yellow"), (predictor.explainer, "")]))
    return root


def _predictor(predictor: Predictor) -> list[tuple[str, str]]:
    share = f"shadow, gets a copy of {predictor.share}" if predictor.is_shadow else predictor.share
    return [(f"predictor {predictor.name}", ""), (share, "yellow" if predictor.is_shadow else "bold")]


def _add(branch: Tree, node: Node) -> None:
    used = "" if node.is_used else "its answer is not used"
    parts = [
        (node.share, "bold"),
        (node.name, "bold"),
        (node.word, _STYLES[node.kind]),
        (node.artifact, ""),
        (node.image, "dim"),
        (node.logger, "yellow"),
        (used, "red"),
    ]
    below = branch.add(_line(parts))
    for child in node.children:
        _add(below, child)


def _line(parts: Iterable[tuple[str, str]]) -> Text:
    said = [(printable(text), style) for text, style in parts if text]
    return Text("  ").join([Text(text, style) for text, style in said])
