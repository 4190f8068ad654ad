"""A plain TCP round robin: every connection goes to the next of the ports given. Says its own port."""

import asyncio
import itertools
import sys

ports = itertools.cycle(sys.argv[1:])


async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def serve(reader, writer):
    there, back = await asyncio.open_connection("127.0.0.1", next(ports))
    await asyncio.gather(pipe(reader, back), pipe(there, writer))
    back.close()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
