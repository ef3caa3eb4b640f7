"""Ensemble: the same two models, both asked for every row, their probabilities averaged."""

from servegraph.graph import combiner, deployment, model, transformer

scale = transformer("scale", "transformers.scaling:Scaler", artifact="models:/screening-scaler@champion")

logistic = model("logistic", "models.classifier:Classifier", artifact="models:/screening-logistic@champion")
boosting = model("boosting", "models.classifier:Classifier", artifact="models:/screening-boosting@champion")

ensemble = deployment(
    "ensemble",
    scale >> combiner("mean", "transformers.averaging:Mean", logistic, boosting),
    image="servegraph/screening:0.1.0",
)
