"""What grpcio.aio allows: a server that sends back the bytes that came. python grpc_echo.py <port> <path>"""

import asyncio
import os
import sys

os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
import uvloop


async def echo(request: bytes, _context: grpc.aio.ServicerContext) -> bytes:
    return request


async def main(port: str, path: str) -> None:
    server = grpc.aio.server()
    _, service, method = path.split("/")
    handlers = {method: grpc.unary_unary_rpc_method_handler(echo)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
