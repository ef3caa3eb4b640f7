"""The picture's style sheet: a restrained palette, for light and for dark pages."""

_FONT = "ui-sans-serif,-apple-system,'Segoe UI','Helvetica Neue',Arial,sans-serif"

_LIGHT = {
    "ground": "#ffffff",
    "box": "#f6f8fa",
    "line": "#d0d7de",
    "text": "#1f2328",
    "muted": "#59636e",
    "edge": "#818b98",
    "model": "#0969da",
    "router": "#8250df",
    "combiner": "#1a7f37",
    "transformer": "#0b7285",
    "other": "#59636e",
}
_DARK = {
    "ground": "#0d1117",
    "box": "#161b22",
    "line": "#30363d",
    "text": "#e6edf3",
    "muted": "#9198a1",
    "edge": "#7d8590",
    "model": "#58a6ff",
    "router": "#bc8cff",
    "combiner": "#56d364",
    "transformer": "#3bc9db",
    "other": "#9198a1",
}
_KINDS = {
    "model": "model",
    "router": "router",
    "combiner": "combiner",
    "transformer": "transformer",
    "output-transformer": "transformer",
    "unknown-type": "other",
}


def _colours(palette: dict[str, str]) -> str:
    fill = {".ground,.share": "ground", ".box": "box", ".end": "box", "text": "muted", ".dot,.tip": "edge"}
    rules = [f"{selector}{{fill:{palette[name]}}}" for selector, name in fill.items()]
    rules.append(f".name,.title{{fill:{palette['text']}}}")
    rules.append(f".box,.frame,.share,.end,.ground{{stroke:{palette['line']}}}")
    rules.append(f".edge,.copy{{stroke:{palette['edge']}}}.header text{{stroke:{palette['ground']}}}")
    for kind, name in _KINDS.items():
        rules.append(f".{kind} .stripe,.{kind} .word{{fill:{palette[name]}}}")
    return "".join(rules)


SHEET = (
    f"text{{font-family:{_FONT};font-size:11px}}"
    ".title{font-size:16px;font-weight:600}.name{font-size:14px;font-weight:600}"
    ".word{font-size:10px;font-weight:600}"
    ".share-text,.pill{font-weight:600;text-anchor:middle}"
    ".frame{fill:none}.shadow,.copy{stroke-dasharray:5 4}.echo .box{stroke-dasharray:4 3}"
    ".edge,.copy{fill:none;stroke-width:1.5}"
    ".header text{paint-order:stroke;stroke-width:6px}"  # an arrow that passes below a frame's title does not hide it
    f"{_colours(_LIGHT)}@media(prefers-color-scheme:dark){{{_colours(_DARK)}}}"
)
