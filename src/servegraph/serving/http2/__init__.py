"""HTTP/2 on the server's side, as far as gRPC needs it; nothing of messages, services or graphs.

Left out, as RFC 9113 allows: pushes, priorities, and compressing what is sent.
"""
