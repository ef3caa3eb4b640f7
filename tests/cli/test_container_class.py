"""Where the class of a container is named."""

from pathlib import Path
from typing import Any

import pytest

from servegraph.cli.container_class import class_of
from servegraph.project import Project
from servegraph.spec import Container

SHELL = ["/bin/sh", "-c"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"env": [{"name": "MODEL_NAME", "value": "models.churn:Churn"}]}, "models.churn:Churn"),
        ({"command": ["seldon-core-microservice", "Churn", "--service-type", "MODEL"]}, "Churn"),
        ({"command": ["seldon-core-microservice"], "args": ["churn.Churn", "REST"]}, "churn.Churn"),
        ({"command": ["/opt/bin/seldon-core-microservice", "--service-type", "MODEL", "Churn"]}, "Churn"),
        ({"command": ["seldon-core-microservice", "--service-type=MODEL", "Churn"]}, "Churn"),
        ({"command": ["servegraph", "component", "models.churn:Churn", "--workers", "2"]}, "models.churn:Churn"),
        ({"args": ["servegraph", "component", "--workers", "2", "models.churn:Churn"]}, "models.churn:Churn"),
        ({"command": SHELL, "args": ["cd /app && exec seldon-core-microservice Churn"]}, "Churn"),
        ({"command": [*SHELL, "seldon-core-microservice 'Churn' --debug"]}, "Churn"),
        (
            {
                "command": [*SHELL, "seldon-core-microservice ${WHICH} --service-type $KIND"],
                "env": [{"name": "WHICH", "value": "Churn"}, {"name": "KIND", "value": "MODEL"}],
            },
            "Churn",
        ),
        (
            {
                "command": ["seldon-core-microservice", "$(WHICH)"],
                "env": [{"name": "WHICH", "value": "Churn"}],
            },
            "Churn",
        ),
        ({"image": "registry:5000/team/churn:2.1"}, "models.mapped:Churn"),
        ({"image": "registry:5000/team/churn"}, "models.mapped:Churn"),
        ({"image": "registry:5000/team/churn:next"}, "models.next:Churn"),
        (
            {"image": "registry:5000/team/churn:2.1", "env": [{"name": "MODEL_NAME", "value": "Other"}]},
            "models.mapped:Churn",
        ),
        ({"command": SHELL, "args": ["echo 'unbalanced"]}, None),
        ({"command": ["seldon-core-microservice", "$UNSET"]}, None),
        ({"command": ["servegraph", "run"], "image": "some/server:1"}, None),
        ({"command": ["tensorflow_model_server"], "args": ["--model_name=m"]}, None),
        ({}, None),
    ],
)
def test_class_is_found(said: dict[str, Any], found: str | None) -> None:
    components = {
        "registry:5000/team/churn": "models.mapped:Churn",
        "registry:5000/team/churn:next": "models.next:Churn",
    }
    container = Container.model_validate({"name": "node", **said})

    assert class_of(container, Project(Path(), components=components)) == found
