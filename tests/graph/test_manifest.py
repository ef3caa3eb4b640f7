"""The manifests that graphs compile to, as whole documents."""

from pathlib import Path
from typing import Any

import pytest

from servegraph.artifacts.compilation import VARIABLE
from servegraph.errors import InvalidGraph
from servegraph.graph import ACCELERATE, deployment, model, output_transformer, router, transformer
from servegraph.project import find_project, load_graph
from servegraph.spec import dump, load

IMAGE = "servegraph/screening:0.1.0"
ROUTING = {"env": [{"name": "SELDON_ENABLE_ROUTING_INJECTION", "value": "true"}]}


def container(name: str, component: str, image: str = IMAGE) -> dict[str, Any]:
    return {"name": name, "image": image, "env": [{"name": "MODEL_NAME", "value": component}]}


ACCELERATED = {
    "off": [{"name": "SERVEGRAPH_ACCELERATE", "value": "off"}],
    "require": [{"name": "SERVEGRAPH_ACCELERATE", "value": "require"}],
    None: [],
}

SCALE = {"name": "scale", "type": "TRANSFORMER", "modelUri": "models:/screening-scaler@champion"}
ARMS = [
    {"name": "logistic", "type": "MODEL", "modelUri": "models:/screening-logistic@champion"},
    {"name": "boosting", "type": "MODEL", "modelUri": "models:/screening-boosting@champion"},
]
ARM_CONTAINERS = [
    container("logistic", "models.classifier:Classifier"),
    container("boosting", "models.classifier:Classifier"),
]

SCREENING = {
    "apiVersion": "machinelearning.seldon.io/v1",
    "kind": "SeldonDeployment",
    "metadata": {"name": "screening"},
    "spec": {
        "predictors": [
            {
                "name": "default",
                "graph": {
                    **SCALE,
                    "children": [
                        {
                            "name": "drift",
                            "type": "TRANSFORMER",
                            "modelUri": "models:/screening-drift-reference@champion",
                            "parameters": [
                                {"name": "window", "value": "200", "type": "INT"},
                                {"name": "p_value", "value": "0.01", "type": "DOUBLE"},
                            ],
                            "children": [
                                {
                                    "name": "ab",
                                    "implementation": "RANDOM_ABTEST",
                                    "parameters": [{"name": "ratioA", "value": "0.8", "type": "DOUBLE"}],
                                    "children": ARMS,
                                }
                            ],
                        }
                    ],
                },
                "componentSpecs": [
                    {
                        "spec": {
                            "containers": [
                                container("scale", "transformers.scaling:Scaler"),
                                container("drift", "detectors.drift:FeatureDrift"),
                                *ARM_CONTAINERS,
                            ]
                        }
                    }
                ],
                "replicas": 1,
                "svcOrchSpec": ROUTING,
            }
        ]
    },
}

ENSEMBLE = {
    "apiVersion": "machinelearning.seldon.io/v1",
    "kind": "SeldonDeployment",
    "metadata": {"name": "ensemble"},
    "spec": {
        "predictors": [
            {
                "name": "default",
                "graph": {**SCALE, "children": [{"name": "mean", "type": "COMBINER", "children": ARMS}]},
                "componentSpecs": [
                    {
                        "spec": {
                            "containers": [
                                container("scale", "transformers.scaling:Scaler"),
                                container("mean", "transformers.averaging:Mean"),
                                *ARM_CONTAINERS,
                            ]
                        }
                    }
                ],
                "replicas": 1,
                "svcOrchSpec": ROUTING,
            }
        ]
    },
}


@pytest.mark.parametrize(("file", "document"), [("screening.py", SCREENING), ("ensemble.py", ENSEMBLE)])
def test_the_projects_graphs_compile_to_these_manifests(file: str, document: dict[str, Any]):
    project = find_project(Path(__file__).parent)
    assert load_graph(project, project.root / "graphs" / file).as_json() == document


def test_the_manifest_reads_from_top_to_bottom():
    chain = transformer("t", "a.b:T") >> model("m", "a.b:M", artifact="models:/m/3", floor=0.5)
    assert dump(deployment("d", chain, image="i:1", namespace="prod", predictor="main", replicas=3)) == (
        "apiVersion: machinelearning.seldon.io/v1\n"
        "kind: SeldonDeployment\n"
        "metadata:\n"
        "  name: d\n"
        "  namespace: prod\n"
        "spec:\n"
        "  predictors:\n"
        "    - name: main\n"
        "      graph:\n"
        "        name: t\n"
        "        type: TRANSFORMER\n"
        "        children:\n"
        "          - name: m\n"
        "            type: MODEL\n"
        "            modelUri: models:/m/3\n"
        "            parameters:\n"
        "              - name: floor\n"
        "                value: '0.5'\n"
        "                type: DOUBLE\n"
        "      componentSpecs:\n"
        "        - spec:\n"
        "            containers:\n"
        "              - name: t\n"
        "                image: i:1\n"
        "                env:\n"
        "                  - name: MODEL_NAME\n"
        "                    value: a.b:T\n"
        "              - name: m\n"
        "                image: i:1\n"
        "                env:\n"
        "                  - name: MODEL_NAME\n"
        "                    value: a.b:M\n"
        "      replicas: 3\n"
        "      svcOrchSpec:\n"
        "        env:\n"
        "          - name: SELDON_ENABLE_ROUTING_INJECTION\n"
        "            value: 'true'\n"
    )


def test_a_router_below_an_output_transformer_compiles_inside_out():
    graph = router("bandit", "r.b:B", model("x", "a.b:M"), model("y", "a.b:M"), arms=2) >> output_transformer(
        "o", "a.b:O"
    )
    compiled = deployment("d", graph, image="i:1").as_json()["spec"]["predictors"][0]["graph"]
    assert compiled == {
        "name": "o",
        "type": "OUTPUT_TRANSFORMER",
        "children": [
            {
                "name": "bandit",
                "type": "ROUTER",
                "parameters": [{"name": "arms", "value": "2", "type": "INT"}],
                "children": [{"name": "x", "type": "MODEL"}, {"name": "y", "type": "MODEL"}],
            }
        ],
    }


def test_a_dumped_graph_loads_as_the_same_deployment(tmp_path: Path):
    built = deployment("d", model("m", "a.b:M", floor=0.5), image="i:1")
    path = tmp_path / "d.yaml"
    path.write_text(dump(built))
    assert load(path) == built


@pytest.mark.parametrize("wish", ACCELERATED)
def test_a_wish_for_kernels_is_a_variable_of_the_container(wish: Any) -> None:
    made = (
        transformer("a", "a.b:C", accelerate=wish)
        >> router("r", "a.b:D", model("m", "a.b:E", accelerate=wish, n=1), accelerate=wish)
        >> output_transformer("o", "a.b:F", accelerate=wish)
    )
    built = deployment("d", made, image=IMAGE)
    containers = built.as_json()["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    assert [each["env"][1:] for each in containers] == [ACCELERATED[wish]] * 4
    assert (VARIABLE, ACCELERATE) == ("SERVEGRAPH_ACCELERATE",) * 2


def test_another_wish_for_kernels_is_refused() -> None:
    with pytest.raises(InvalidGraph, match=r"node 'm': accelerate is 'yes'.*auto, off, require"):
        deployment("d", model("m", "a.b:C", accelerate="yes"), image=IMAGE)  # type: ignore[arg-type]
