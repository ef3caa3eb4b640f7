"""A plan as text for a person, and as a JSON document."""

from collections.abc import Iterator
from typing import Any

from servegraph.deploy.plan import Plan
from servegraph.deploy.plan.blocks import Block
from servegraph.deploy.plan.effects import GATEWAY, Effect, Outcome
from servegraph.deploy.plan.fields import ABSENT, Field, shown
from servegraph.deploy.plan.objects import ENGINE_PREDICTOR

_SIGNS = {
    Outcome.CREATED: "+",
    Outcome.DELETED: "-",
    Outcome.RECREATED: "-/+",
    Outcome.ROLLED: "~",
    Outcome.SCALED: "~",
    Outcome.UPDATED: "~",
}
LEGEND = "  + added   ~ changed   - removed   -/+ replaced"
_MOST = 5  # reasons in a line
_LOST = "Requests fail until it answers again. Feedback for earlier answers and the windows of detectors are lost."


def text(plan: Plan, old: str, new: str) -> str:
    """The whole plan; `old` and `new` say where the two come from."""
    lines = [f"{plan.name}: {old} -> {new}", ""]
    if plan.is_empty:
        lines.append("No changes.")
    else:
        lines += [LEGEND, "", *_blocks(plan), "Under Seldon's operator:", *_cluster(plan), ""]
        lines += ["On this machine (servegraph run):", *_local(plan), "", _summary(plan)]
    return "".join(f"{_printable(line)}\n" for line in lines)


def _printable(line: str) -> str:
    """A line that tells a terminal nothing but its text."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def _blocks(plan: Plan) -> Iterator[str]:
    for block in plan.blocks:
        name = f"{block.name} -> {block.renamed}" if block.renamed else block.name
        word = f" ({block.word})" if block.word else ""
        yield f"{block.action:>5} {block.kind} {name}{word}"
        yield from (f"        {field.action} {_field(field)}" for field in block.fields)
        yield ""


def _field(field: Field) -> str:
    if field.is_secret:
        return f"{field.path}: (not shown)"
    if field.old is ABSENT or field.new is ABSENT:
        return f"{field.path}: {shown(field.new if field.old is ABSENT else field.old)}"
    return f"{field.path}: {shown(field.old)} -> {shown(field.new)}"


def _cluster(plan: Plan) -> Iterator[str]:
    """Objects to which the same happens for the same reason share a line."""
    alike: dict[tuple[object, ...], list[Effect]] = {}
    for effect in plan.effects:
        key = (effect.kind, effect.outcome, effect.because, effect.details)
        alike.setdefault(key if effect.kind == "Service" else (effect.kind, effect.name), []).append(effect)
    for effects in alike.values():
        first, names = effects[0], ", ".join(effect.name for effect in effects)
        kind = first.kind if len(effects) == 1 else f"{first.kind}s"
        details = f", {first.details}" if first.details else ""
        yield f"{_SIGNS[first.outcome]:>5} {kind} {names}: {first.outcome}{details}{_because(first)}"
    yield from (f"    * {note}" for note in plan.notes)


def _because(effect: Effect) -> str:
    if not effect.because or effect.kind == GATEWAY:
        return ""
    if effect.because == (ENGINE_PREDICTOR,):
        return " (its engine carries the whole predictor)"
    return f" ({_listed(effect.because)})"


def _listed(reasons: tuple[str, ...]) -> str:
    more = f" and {len(reasons) - _MOST} more" if len(reasons) > _MOST else ""
    return f"{', '.join(reasons[:_MOST])}{more}"


def _local(plan: Plan) -> Iterator[str]:
    if plan.restart:
        yield f"    * Restart it, it reads this at its start: {_listed(plan.restart)}."
        yield f"    * {_LOST}"
    else:
        yield "    * Nothing to do: it does not read what changes."


def _summary(plan: Plan) -> str:
    return "Plan: {} to add, {} to change, {} to destroy.".format(*plan.count())


def document(plan: Plan, old: str, new: str) -> dict[str, Any]:
    """The plan for programs; `changes` is empty when nothing changes."""
    add, change, destroy = plan.count()
    return {
        "name": plan.name,
        "old": old,
        "new": new,
        "changes": [_block(block) for block in plan.blocks],
        "cluster": {"objects": [_effect(effect) for effect in plan.effects], "notes": list(plan.notes)},
        "local": {"restart": bool(plan.restart), "because": list(plan.restart)},
        "summary": {"add": add, "change": change, "destroy": destroy},
    }


def _block(block: Block) -> dict[str, Any]:
    said = {"action": block.action, "kind": block.kind, "name": block.name}
    renamed = {"renamed": block.renamed} if block.renamed else {}
    return {**said, **renamed, "fields": [_field_document(field) for field in block.fields]}


def _field_document(field: Field) -> dict[str, Any]:
    said: dict[str, Any] = {"action": field.action, "path": field.path}
    if field.is_secret:
        return said
    said |= {} if field.old is ABSENT else {"old": field.old}
    return said | ({} if field.new is ABSENT else {"new": field.new})


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "kind": effect.kind,
        "name": effect.name,
        "outcome": str(effect.outcome),
        "details": effect.details,
        "because": list(effect.because),
    }
