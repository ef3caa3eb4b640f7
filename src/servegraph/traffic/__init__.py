"""Traffic for a running graph: held-out rows at a rate, with feedback, counted and shown.

A client and nothing more: it knows the graph by its endpoints, and the project by the objects
that the command line hands over.
"""
