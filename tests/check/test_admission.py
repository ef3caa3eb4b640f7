"""SG2xx beyond the examples: places, and what must not be found."""

import pytest

from servegraph.check import check_text


def manifest(predictors: str, spec: str = "") -> str:
    head = "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nmetadata: {name: churn}\nspec:\n"
    return f"{head}{spec}  predictors:\n{predictors}"


def found(text: str, **options: frozenset[str]) -> list[tuple[str, str]]:
    return [(finding.code, finding.path) for finding in check_text(text, "m.yaml", **options) if finding.code < "SG3"]


SERVER = "implementation: SKLEARN_SERVER, modelUri: 's3://b/m'"


def test_a_child_without_container_is_found_at_its_place():
    text = manifest(
        "    - name: p\n"
        "      componentSpecs: [{spec: {containers: [{name: c, image: c:1}, {name: a, image: a:1}]}}]\n"
        "      graph: {name: c, type: COMBINER, children: [{name: a, type: MODEL}, {name: b, type: MODEL}]}\n"
    )
    assert found(text) == [("SG210", "spec.predictors[0].graph.children[1].name")]


def test_a_node_with_an_address_can_be_served_here_but_not_by_the_operator():
    text = manifest(
        "    - name: p\n      graph: {name: m, type: MODEL, endpoint: {service_host: h, service_port: 9000}}\n"
    )
    (finding,) = [finding for finding in check_text(text, "m.yaml") if finding.code < "SG3"]
    assert (finding.code, finding.level, finding.blocks_run) == ("SG210", "error", False)


def test_built_in_nodes_need_no_container():
    children = f"[{{name: a, {SERVER}}}, {{name: b, {SERVER}}}]"
    graph = f"{{name: r, implementation: RANDOM_ABTEST, children: {children}}}"
    assert found(manifest(f"    - {{name: p, graph: {graph}}}\n")) == []


def test_a_server_of_the_cluster_can_be_named():
    text = manifest("    - {name: p, graph: {name: m, implementation: LIGHTGBM_SERVER, modelUri: 's3://b/m'}}\n")
    assert found(text) == [("SG214", "spec.predictors[0].graph.implementation")]
    assert found(text, servers=frozenset({"LIGHTGBM_SERVER"})) == []


def test_a_server_with_an_image_of_its_own_needs_no_entry():
    text = manifest(
        "    - name: p\n      componentSpecs: [{spec: {containers: [{name: m, image: m:1}]}}]\n"
        "      graph: {name: m, implementation: LIGHTGBM_SERVER, modelUri: 's3://b/m'}\n"
    )
    assert found(text) == []


def test_huggingface_does_without_a_model_uri():
    text = manifest("    - {name: p, graph: {name: m, implementation: HUGGINGFACE_SERVER}}\n", "  protocol: v2\n")
    assert found(text) == []


@pytest.mark.parametrize(
    ("shares", "codes"),
    [
        ((90, 10), []),
        ((100, 0), []),
        ((50, 49), ["SG220"]),
        ((None, None), ["SG220"]),
        ((120, -20), []),  # the webhook adds up, and does not look at each
    ],
)
def test_traffic_adds_up_to_100(shares: tuple[int | None, int | None], codes: list[str]):
    lines = "".join(
        f"    - {{name: p{index}, {'' if share is None else f'traffic: {share}, '}graph: {{name: m, {SERVER}}}}}\n"
        for index, share in enumerate(shares)
    )
    assert [code for code, _ in found(manifest(lines))] == codes


def test_a_shadow_does_not_count_in_the_sum():
    lines = "".join(
        f"    - {{name: p{index}, {extra}, graph: {{name: m, {SERVER}}}}}\n"
        for index, extra in enumerate(("traffic: 60", "traffic: 40", "shadow: true, traffic: 20"))
    )
    assert found(manifest(lines)) == []


@pytest.mark.parametrize(("traffic", "codes"), [(0, []), (100, []), (50, ["SG221"]), (120, [])])
def test_a_single_predictor_gets_everything(traffic: int, codes: list[str]):
    text = manifest(f"    - {{name: p, traffic: {traffic}, graph: {{name: m, {SERVER}}}}}\n")
    assert [code for code, _ in found(text)] == codes


def test_the_annotation_no_engine_counts_whatever_its_value():
    text = manifest(
        "    - name: p\n      annotations: {seldon.io/no-engine: 'false'}\n"
        f"      graph: {{name: r, implementation: RANDOM_ABTEST, children: [{{name: a, {SERVER}}}]}}\n"
    )
    assert found(text) == [("SG208", 'spec.predictors[0].annotations["seldon.io/no-engine"]')]
