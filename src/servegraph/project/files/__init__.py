"""The mounted project: `servegraph.project.files.models.fraud` is `<project>/models/fraud.py`.

A project's folders have generic names, and `transformers` is also a library that alibi-detect
imports. Mounting them below our own name keeps both. This package has no code of its own: its
search path is the project's root, as `find_project` found it (and, in processes
that are started by others, from the environment).
"""

import os

__path__ = [os.environ["SERVEGRAPH_PROJECT"]] if "SERVEGRAPH_PROJECT" in os.environ else []
