"""Components small enough to know every answer by heart. They import nothing."""


class AddOne:
    def transform_input(self, X, names, meta=None):
        return X + 1

    def tags(self):
        return {"added": 1}


class ByFirstValue:
    """Routes to the child that the first number names; -1 is all, -2 is none."""

    def __init__(self):
        self.rewards = []

    def route(self, X, names, meta=None):
        return int(X[0][0]) - 1

    def send_feedback(self, X, names, reward, truth, routing=None):
        self.rewards.append((reward, routing))


class Times:
    def __init__(self, factor=2.0):
        self.factor = factor
        self.rewarded = 0

    def predict(self, X, names, meta=None):
        return X * self.factor

    def class_names(self):
        return ["left", "right"]

    def metrics(self):
        return [{"type": "GAUGE", "key": "rewarded", "value": self.rewarded}]

    def send_feedback(self, X, names, reward, truth, routing=None):
        self.rewarded += 1


class Sum:
    def aggregate(self, features_list, names_list):
        return sum(features_list)


class Negate:
    def transform_output(self, X, names, meta=None):
        return -X


class Echo:
    """Answers with what it gets, whatever its kind."""

    async def predict(self, X, names, meta=None):
        return X


class Fails:
    def predict(self, X, names):
        raise RuntimeError("the model is broken")
