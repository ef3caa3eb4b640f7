"""An HTTP/1.1 server: requests in, responses out, on the event loop of this process.

httptools reads what clients send, uvloop writes what they get; here is what lies between.
"""
