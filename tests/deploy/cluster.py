"""A stand-in for a cluster's API server: it takes server-side applies, and refuses what a schema does not allow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from kubernetes.client import ApiClient, Configuration, CoreV1Api, CustomObjectsApi

from servegraph.spec.crd import violations

SDEP = "/apis/machinelearning.seldon.io/v1/namespaces/"


@dataclass
class Cluster:
    """What was applied, by path."""

    url: str
    objects: dict[str, Any] = field(default_factory=dict)

    def apply(self, document: Any) -> None:
        """Server-side apply with the real client, as `kubectl apply --server-side` does.

        Raises:
            ApiException: it is refused.
        """
        group, slash, version = document["apiVersion"].rpartition("/")
        metadata = document["metadata"]
        place = (metadata["name"], metadata["namespace"])
        how: Any = {"field_manager": "test", "_content_type": "application/apply-patch+yaml"}
        with ApiClient(Configuration(host=self.url)) as client:
            if slash:
                plural = f"{document['kind'].lower()}s"
                custom = CustomObjectsApi(client)
                custom.patch_namespaced_custom_object(group, version, place[1], plural, place[0], document, **how)
            elif document["kind"] == "Secret":
                CoreV1Api(client).patch_namespaced_secret(*place, document, **how)
            else:
                CoreV1Api(client).patch_namespaced_config_map(*place, document, **how)


class _Handler(BaseHTTPRequestHandler):
    cluster: Cluster

    def do_PATCH(self) -> None:
        document = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.partition("?")[0]
        found = violations(document) if path.startswith(SDEP) else []
        if found:
            causes = [{"field": ".".join(map(str, item.path)), "message": item.message} for item in found]
            return self._answer(422, {"kind": "Status", "reason": "Invalid", "details": {"causes": causes}})
        self.cluster.objects[path] = document
        self._answer(200, document)

    def _answer(self, code: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        cluster = Cluster(f"http://127.0.0.1:{server.server_port}")
        server.RequestHandlerClass = type("Handler", (_Handler,), {"cluster": cluster})
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield cluster
        finally:
            server.shutdown()
            thread.join()
