"""The schemas: what is compiled is what is written, and agrees with the public packages."""

import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from tritonclient.grpc import service_pb2

from servegraph.payload.schema import message_class, pool

PROTOS = ("prediction.proto", "open_inference.proto", "tensorflow_serving.proto")


def test_the_descriptor_set_is_what_protoc_makes_of_the_protos(tmp_path: Path):
    made = tmp_path / "schemas.binpb"
    with as_file(files("servegraph.payload")) as folder:
        protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", "--include_imports"]
        subprocess.run([*protoc, f"--descriptor_set_out={made}", *PROTOS], timeout=60, check=True)
        assert made.read_bytes() == (folder / "schemas.binpb").read_bytes()


@pytest.mark.parametrize(
    ("service", "methods"),
    [
        ("seldon.protos.Generic", ["TransformInput", "TransformOutput", "Route", "Aggregate", "SendFeedback"]),
        ("seldon.protos.Model", ["Predict", "SendFeedback", "Metadata"]),
        ("seldon.protos.Router", ["Route", "SendFeedback"]),
        ("seldon.protos.Transformer", ["TransformInput"]),
        ("seldon.protos.OutputTransformer", ["TransformOutput"]),
        ("seldon.protos.Combiner", ["Aggregate"]),
        ("seldon.protos.Seldon", ["Predict", "SendFeedback", "ModelMetadata", "GraphMetadata"]),
        (
            "inference.GRPCInferenceService",
            ["ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"],
        ),
        (
            "tensorflow.serving.PredictionService",
            ["Classify", "Regress", "Predict", "MultiInference", "GetModelMetadata"],
        ),
        ("tensorflow.serving.ModelService", ["GetModelStatus"]),
    ],
)
def test_services_have_their_methods(service: str, methods: list[str]):
    assert [method.name for method in pool().FindServiceByName(service).methods] == methods


def shape_of(field: FieldDescriptor) -> tuple[Any, ...]:
    target = field.message_type.full_name if field.message_type else None
    oneof = field.containing_oneof.name if field.containing_oneof else None
    return (field.name, field.number, field.type, field.label, target, oneof)


def all_messages(message: Descriptor) -> list[Descriptor]:
    return [message, *(inner for nested in message.nested_types for inner in all_messages(nested))]


def open_inference_messages() -> list[str]:
    file = pool().FindFileByName("open_inference.proto")
    return [message.full_name for top in file.message_types_by_name.values() for message in all_messages(top)]


@pytest.mark.parametrize("name", open_inference_messages())
def test_open_inference_has_the_fields_of_the_public_client(name: str):
    first, *rest = name.removeprefix("inference.").split(".")
    theirs: Any = service_pb2.DESCRIPTOR.message_types_by_name[first]
    for part in rest:
        theirs = theirs.nested_types_by_name[part]
    ours = message_class(name).DESCRIPTOR
    assert [shape_of(field) for field in ours.fields] == [shape_of(field) for field in theirs.fields]


def test_open_inference_has_the_methods_of_the_public_client():
    theirs = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods_by_name
    for method in pool().FindServiceByName("inference.GRPCInferenceService").methods:
        their = theirs[method.name]
        assert (method.input_type.full_name, method.output_type.full_name) == (
            their.input_type.full_name,
            their.output_type.full_name,
        )


def test_fields_that_are_not_declared_pass_through():
    handle = message_class("tensorflow.TensorProto").FromString(bytes.fromhex("081472060a0464657630"))
    assert handle.SerializeToString().hex() == "081472060a0464657630"
