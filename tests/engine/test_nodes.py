"""What the engine is asked about single nodes, and about all of them."""

from typing import Any

import pytest
from tests.engine.units import Says, engine_of

from servegraph.engine import Context
from servegraph.errors import ModelNotFound, UnitFailed

AB = {"name": "ab", "implementation": "RANDOM_ABTEST", "children": [{"name": "a"}, {"name": "b"}]}


@pytest.mark.parametrize("ask", ["health", "metadata"])
async def test_a_node_that_is_not_there_is_told_as_the_executor_tells_it(ask: str):
    with pytest.raises(ModelNotFound, match="^Failed to find model x$"):
        await getattr(engine_of({"name": "m"}, {"m": Says()}), ask)("x", Context("p"))


async def test_health_is_the_components_answer(serve: Any):
    class Own:
        def predict(self, X: Any, names: Any) -> Any: ...

        def health_status(self) -> Any:
            return {"rows": 5}

    engine = serve({"name": "m"}, {"m": Own()}).engine
    answer = (await engine.health("m", Context("p"))).document()
    assert answer == {"jsonData": {"rows": 5}, "meta": {"requestPath": {"m": "image:1"}}}


async def test_metadata_is_the_components_document(serve: Any):
    class Own:
        def predict(self, X: Any, names: Any) -> Any: ...

        def init_metadata(self) -> Any:
            return {"name": "own", "custom": {"k": "v"}}

    document = await serve({"name": "m"}, {"m": Own()}, image="repo/x:7").engine.metadata("m", Context("p"))
    assert document == {
        "name": "own",
        "versions": ["7"],
        "platform": "",
        "inputs": [],
        "outputs": [],
        "custom": {"k": "v"},
    }


async def test_metadata_that_is_wrong_is_the_components_fault(serve: Any):
    class Own:
        def predict(self, X: Any, names: Any) -> Any: ...

        def init_metadata(self) -> Any:
            return {"versions": "1"}

    with pytest.raises(UnitFailed) as caught:
        await serve({"name": "m"}, {"m": Own()}).engine.metadata("m", Context("p"))
    assert (caught.value.message, caught.value.reason) == ("Model metadata unavailable", "MICROSERVICE_BAD_METADATA")


async def test_all_metadata_is_that_of_nodes_with_a_component():
    documents = await engine_of(AB, {"a": Says(), "b": Says()}).all_metadata(Context("p"))
    assert documents == {"a": {"name": "n", "platform": "p"}, "b": {"name": "n", "platform": "p"}}


@pytest.mark.parametrize("is_ready", [True, False])
async def test_a_graph_is_ready_when_all_nodes_are(is_ready: bool):
    assert await engine_of(AB, {"a": Says(), "b": Says(is_ready=is_ready)}).ready(False) is is_ready
