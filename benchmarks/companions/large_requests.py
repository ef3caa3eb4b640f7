"""Send a large body again and again, beside what is measured.

python large_requests.py <port> <path> <file> <pause in seconds>
"""

import sys
import time
from http.client import HTTPConnection
from pathlib import Path


def main(port: str, path: str, file: str, pause: str) -> None:
    body = Path(file).read_bytes()
    connection = HTTPConnection("127.0.0.1", int(port))
    while True:
        connection.request("POST", path, body, {"content-type": "application/json"})
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            sys.exit(f"status {response.status}")
        time.sleep(float(pause))


if __name__ == "__main__":
    main(*sys.argv[1:])
