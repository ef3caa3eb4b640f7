"""A server for the harness to measure: it answers every request as by arm 1, or wrongly.

python small_server.py <port> <second probability> <seconds until it listens>
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        second = float(sys.argv[2])
        data = {"ndarray": [[1 - second, second]]}
        body = json.dumps({"data": data, "meta": {"routing": {"ab": 1}}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


time.sleep(float(sys.argv[3]))
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
