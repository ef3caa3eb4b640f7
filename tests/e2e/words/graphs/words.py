from servegraph.graph import combiner, deployment, model, output_transformer, router, transformer

words = deployment(
    "words",
    transformer("add", "nodes.small:AddOne")
    >> router(
        "switch",
        "nodes.small:ByFirstValue",
        model("double", "nodes.small:Times"),
        combiner(
            "sum",
            "nodes.small:Sum",
            model("triple", "nodes.small:Times", factor=3.0),
            model("five", "nodes.small:Times", factor=5.0),
        ),
        model("fails", "nodes.small:Fails"),
    )
    >> output_transformer("negate", "nodes.small:Negate"),
    image="words:1.0",
    namespace="lab",
)
