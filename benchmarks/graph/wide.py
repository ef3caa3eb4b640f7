"""Rows of 3,000 features: a scaler and one model."""

from servegraph.graph import deployment, model, transformer

scale = transformer("scale", "transformers.scaling:Scaler", artifact="../artifacts/wide-scaler")
linear = model("linear", "models.classifier:Classifier", artifact="../artifacts/wide-linear")

wide = deployment("wide", scale >> linear, image="servegraph/bar:0.1.0")
