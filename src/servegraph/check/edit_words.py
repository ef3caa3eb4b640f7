"""An edit in words, for whoever reads what was changed."""

from servegraph.check.edit import Edit, Insert, Remove, RenameKey, Replace
from servegraph.check.finding import path_text
from servegraph.check.written import flow


def told(edit: Edit) -> str:
    """Where, and what is there now."""
    where = path_text(edit.place)
    match edit:
        case Replace():
            return f"{where} is now {flow(edit.value)}"
        case RenameKey():
            return f"{where} is now called {edit.key}"
        case Remove():
            return f"{where} is removed"
        case Insert():
            return f"{where or 'the object'} has {edit.key}: {flow(edit.value)}"
