from servegraph.graph import deployment, model

echo = deployment("echo", model("echo", "nodes.small:Echo"), image="words:1.0")
