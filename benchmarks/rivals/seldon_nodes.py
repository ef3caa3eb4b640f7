"""The graph's nodes as one writes them for Seldon: seldon-core-microservice seldon_nodes.Scaler."""

import joblib


class Scaler:
    def __init__(self, file):
        self._file = file

    def load(self):
        self._scaler = joblib.load(self._file)

    def transform_input(self, X, names, meta=None):
        return self._scaler.transform(X)


class Classifier:
    def __init__(self, file):
        self._file = file

    def load(self):
        self._model = joblib.load(self._file)

    def predict(self, X, names, meta=None):
        return self._model.predict_proba(X)
