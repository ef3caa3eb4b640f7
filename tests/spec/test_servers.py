import pytest

from servegraph.spec.servers import PREPACKAGED, server_image, server_parameters


@pytest.mark.parametrize(
    ("implementation", "protocol", "image"),
    [
        ("SKLEARN_SERVER", "", "seldonio/sklearnserver:1.18.2"),
        ("SKLEARN_SERVER", "seldon", "seldonio/sklearnserver:1.18.2"),
        ("SKLEARN_SERVER", "v2", "seldonio/mlserver:1.3.5-sklearn"),
        ("SKLEARN_SERVER", "kfserving", "seldonio/mlserver:1.3.5-sklearn"),
        ("SKLEARN_SERVER", "tensorflow", None),
        ("XGBOOST_SERVER", "v2", "seldonio/mlserver:1.3.5-xgboost"),
        ("MLFLOW_SERVER", "", "seldonio/mlflowserver:1.18.2"),
        ("TENSORFLOW_SERVER", "seldon", "seldonio/tfserving-proxy:1.18.2"),
        ("TENSORFLOW_SERVER", "tensorflow", "tensorflow/serving:2.1.0"),
        ("TENSORFLOW_SERVER", "v2", None),
        ("TRITON_SERVER", "seldon", None),
        ("TRITON_SERVER", "kfserving", "nvcr.io/nvidia/tritonserver:21.08-py3"),
        ("HUGGINGFACE_SERVER", "v2", "seldonio/mlserver:1.3.5-huggingface"),
        ("TEMPO_SERVER", "", None),
        ("LIGHTGBM_SERVER", "v2", None),
    ],
)
def test_image_depends_on_server_and_protocol(implementation, protocol, image):
    assert server_image(implementation, protocol) == image


@pytest.mark.parametrize(
    ("implementation", "protocol", "parameters"),
    [
        ("SKLEARN_SERVER", "", {"method"}),
        ("SKLEARN_SERVER", "v2", set()),
        ("MLFLOW_SERVER", "seldon", {"xtype"}),
        ("XGBOOST_SERVER", "seldon", set()),
        ("HUGGINGFACE_SERVER", "v2", None),
        ("LIGHTGBM_SERVER", "v2", None),
    ],
)
def test_parameters_depend_on_server_and_protocol(implementation, protocol, parameters):
    assert server_parameters(implementation, protocol) == parameters


def test_only_huggingface_goes_without_a_model():
    assert [name for name, server in PREPACKAGED.items() if not server.needs_model] == ["HUGGINGFACE_SERVER"]
