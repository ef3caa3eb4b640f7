"""Whether a component server works: ours and Seldon's answer the same questions."""

import asyncio

ANSWER_S = 2.0  # a server that is slower is not ready
PATHS = ("/health/ping", "/health/status")


async def serves(host: str, http_port: int, grpc_port: int) -> bool:
    """Whether the component says that it is well over REST, and its gRPC port takes callers."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with aiohttp.ClientSession(f"http://{host}:{http_port}", timeout=timeout) as session:
            for path in PATHS:
                async with session.get(path) as answer:
                    if answer.status != 200:
                        return False
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(host, grpc_port)
            writer.close()
    except (aiohttp.ClientError, OSError):  # a TimeoutError is an OSError
        return False
    return True
