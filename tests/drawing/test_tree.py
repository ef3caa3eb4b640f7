"""The tree as a terminal and a pipe get it."""

import io
from typing import Any

from rich.console import Console

from servegraph.drawing import outline, tree
from servegraph.spec import parse

CANARY: dict[str, Any] = {
    "kind": "SeldonDeployment",
    "metadata": {"name": "loans", "namespace": "prod"},
    "spec": {
        "protocol": "v2",
        "predictors": [
            {
                "name": "main",
                "traffic": 90,
                "graph": {
                    "name": "scale",
                    "type": "TRANSFORMER",
                    "children": [
                        {
                            "name": "split",
                            "implementation": "RANDOM_ABTEST",
                            "parameters": [{"name": "ratioA", "value": "0.8", "type": "FLOAT"}],
                            "children": [
                                {"name": "old", "implementation": "SKLEARN_SERVER", "modelUri": "s3://models/old"},
                                {"name": "new", "implementation": "XGBOOST_SERVER", "modelUri": "s3://models/new"},
                            ],
                        }
                    ],
                },
                "componentSpecs": [{"spec": {"containers": [{"name": "scale", "image": "shop/scale:1.2"}]}}],
            },
            {
                "name": "canary",
                "traffic": 10,
                "graph": {"name": "m", "type": "MODEL", "logger": {"mode": "all", "url": "http://broker"}},
                "explainer": {"type": "AnchorTabular", "modelUri": "gs://explainers/loans"},
            },
            {
                "name": "dark",
                "shadow": True,
                "graph": {"name": "m", "type": "MODEL", "children": [{"name": "x"}, {"name": "y"}]},
            },
        ],
    },
}


def drawn(document: dict[str, Any], **options: Any) -> str:
    out = io.StringIO()
    Console(file=out, highlight=False, width=200, **options).print(tree(outline(parse(document, "test"), {})))
    return out.getvalue()


def test_tree_shows_nodes_shares_artifacts_images_shadow_explainer_and_logger() -> None:
    assert (
        drawn(CANARY)
        == """\
loans  namespace prod, protocol v2
├── predictor main  90%
│   └── scale  TRANSFORMER  shop/scale:1.2
│       └── split  RANDOM_ABTEST
│           ├── 80%  old  SKLEARN_SERVER  s3://models/old
│           └── 20%  new  XGBOOST_SERVER  s3://models/new
├── predictor canary  10%
│   ├── m  MODEL  logs all → http://broker
│   └── explainer  AnchorTabular gs://explainers/loans
└── predictor dark  shadow, gets a copy of 100%
    └── m  MODEL
        ├── x  MODEL
        └── y  MODEL  its answer is not used
"""
    )


def test_tree_has_colour_on_a_terminal_and_none_where_it_is_not_wanted() -> None:
    assert "\x1b[34mSKLEARN_SERVER" in drawn(CANARY, force_terminal=True, color_system="standard")
    assert "\x1b[3" not in drawn(CANARY, force_terminal=True, no_color=True)


def test_name_is_neither_markup_nor_a_command_to_the_terminal() -> None:
    document = {
        "kind": "SeldonDeployment",
        "metadata": {"name": "[red]x[/]"},
        "spec": {"predictors": [{"name": "p", "graph": {"name": "\x1b[2J", "type": "MODEL"}}]},
    }

    assert drawn(document) == "[red]x[/]\n└── predictor p  100%\n    └── \N{REPLACEMENT CHARACTER}[2J  MODEL\n"
