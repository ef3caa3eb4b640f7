"""What changes: a block for each thing that is added, changed, removed, or goes by another name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from servegraph.deploy.plan.fields import Field, differences
from servegraph.deploy.plan.subjects import Columns, Part, Subject, parts, whole
from servegraph.spec import SeldonDeployment

ADDED, CHANGED, REMOVED, REPLACED = "+", "~", "-", "-/+"


@dataclass(frozen=True, slots=True)
class Block:
    """One thing.

    Attributes:
        name: with its predictor, e.g. `main/scale`.
        renamed: its name from now on, if it is replaced.
        word: more about it, e.g. a node's type.
    """

    action: str
    kind: str
    name: str
    word: str = ""
    fields: tuple[Field, ...] = ()
    renamed: str = ""


def blocks(old: SeldonDeployment, new: SeldonDeployment, columns: Mapping[str, Columns]) -> list[Block]:
    """All blocks, from the object down to its nodes."""
    before, after = parts(old, columns), parts(new, columns)
    names = _matches({key: _of_part(part) for key, part in before.items()}, {k: _of_part(p) for k, p in after.items()})
    found = list(_object(whole(old), whole(new), names))
    for name in before:
        found += _predictor(name, before[name], names.get(name), after)
    added = [name for name in after if name not in names.values()]
    return found + [block for name in added for block in _whole_part(ADDED, name, after[name])]


def _of_part(part: Part) -> object:
    return (part.predictor.document, [(name, node.document) for name, node in part.nodes.items()])


def _matches(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, str]:
    """Which of the new is which of the old: the one of its name, else one that says the same under another name."""
    found = {name: name for name in old if name in new}
    free = [name for name in new if name not in old]
    for name, content in old.items():
        same = next((other for other in free if new[other] == content), None)
        if name not in found and same is not None:
            found[name] = same
            free.remove(same)
    return found


def _object(old: Subject, new: Subject, names: Mapping[str, str]) -> Iterator[Block]:
    before, after = dict(old.document), dict(new.document)
    orders = [names[name] for name in before.pop("predictors") if name in names], after.pop("predictors")
    kept = [name for name in orders[1] if name in orders[0]]
    fields = tuple(differences(before, after))
    if orders[0] != kept:
        fields += (Field("order of predictors", orders[0], kept),)
    if is_other_object(old, new):
        yield Block(ADDED, old.kind, new.name, "", fields)
    elif fields:
        yield Block(CHANGED, old.kind, old.name, "", fields)


def is_other_object(old: Subject, new: Subject) -> bool:
    """Whether Kubernetes takes the two for two; a namespace that is not said can be any."""
    spaces = [side.document.get("metadata", {}).get("namespace") for side in (old, new)]
    return old.name != new.name or (None not in spaces and spaces[0] != spaces[1])


def _predictor(name: str, old: Part, renamed: str | None, after: Mapping[str, Part]) -> Iterator[Block]:
    if renamed is None:
        yield from _whole_part(REMOVED, name, old)
        return
    new = after[renamed]
    yield from _compared("", old.predictor, new.predictor, name, renamed)
    yield from _nodes(renamed, old.nodes, new.nodes)
    for key in dict.fromkeys((*old.pods, *new.pods)):
        yield from _maybe(f"{renamed}/", old.pods.get(key), new.pods.get(key))
    yield from _maybe("", old.explainer, new.explainer)


def _maybe(place: str, old: Subject | None, new: Subject | None) -> Iterator[Block]:
    if old is not None and new is not None:
        yield from _compared(place, old, new, old.name, old.name)
    elif old is not None:
        yield Block(REMOVED, old.kind, f"{place}{old.name}", old.word)
    elif new is not None:
        yield _added(place, new)


def _compared(place: str, old: Subject, new: Subject, name: str, renamed: str) -> Iterator[Block]:
    fields = tuple(differences(old.document, new.document))
    if name != renamed:
        yield Block(REPLACED, old.kind, f"{place}{name}", new.word, fields, f"{place}{renamed}")
    elif fields:
        yield Block(CHANGED, old.kind, f"{place}{name}", new.word, fields)


def _added(place: str, new: Subject) -> Block:
    document = {key: value for key, value in new.document.items() if key not in ("children", "input", "output")}
    return Block(ADDED, new.kind, f"{place}{new.name}", new.word, tuple(differences({}, _said(document))))


def _said(document: Mapping[str, object]) -> dict[str, object]:
    """Without what goes without saying."""
    return {key: value for key, value in document.items() if value not in ("", [], {}) and (key, value) != ("pod", 0)}


def _whole_part(action: str, name: str, part: Part) -> Iterator[Block]:
    """A predictor that is added or removed with all that it has."""
    subjects = [part.predictor, *part.nodes.values(), *part.pods.values()]
    subjects += [part.explainer] if part.explainer else []
    for subject in subjects:
        place = f"{name}/" if subject.kind in ("node", "pod") else ""
        yield (
            _added(place, subject)
            if action == ADDED
            else Block(action, subject.kind, f"{place}{subject.name}", subject.word)
        )


def _nodes(predictor: str, old: Mapping[str, Subject], new: Mapping[str, Subject]) -> Iterator[Block]:
    names = _matches({n: _content(node) for n, node in old.items()}, {n: _content(node) for n, node in new.items()})
    place = f"{predictor}/"
    for name, node in old.items():
        if name not in names:
            yield Block(REMOVED, "node", f"{place}{name}", node.word)
            continue
        renamed = names[name]
        yield from _compared(place, *_placed(node, new[renamed], names), name, renamed)
    for name, node in new.items():
        if name not in names.values():
            yield _added(place, node)


def _placed(old: Subject, new: Subject, names: Mapping[str, str]) -> tuple[Subject, Subject]:
    """Both with their places in the graph, in today's names; only children that both have can change their order."""
    children = [names[child] for child in old.document["children"] if names.get(child) in new.document["children"]]
    kept = [child for child in new.document["children"] if child in children]
    parent = old.document["parent"]
    return (
        _with_place(old, names.get(parent, parent), children, new),
        _with_place(new, new.document["parent"], kept, old),
    )


def _with_place(node: Subject, parent: str, children: list[str], other: Subject) -> Subject:
    """The columns of an artifact are compared only where those of both are known."""
    unknown = {"input", "output"} - other.document.keys()
    document = {key: value for key, value in node.document.items() if key not in unknown | {"parent"}}
    return replace(node, document={**document, **({"parent": parent} if parent else {}), "children": children})


def _content(node: Subject) -> object:
    """What makes a node what it is, wherever it stands and whatever it is called."""
    return {key: value for key, value in node.document.items() if key not in ("parent", "children", "pod")}
