# SPDX-License-Identifier: Apache-2.0
"""A device as a process: `python -m motet_core --listen 127.0.0.1:0 --id X`; the serial line is a TCP socket,
and with `--flash FILE` a file is the flash that keeps artifacts and values."""

import asyncio
import sys

from motet_core import platform
from motet_core.device import Device
from motet_core.port_stream import StreamPort
from motet_core.wire.presence import valid_id

_USAGE = "usage: motet_core [--listen HOST:PORT | fd:NUMBER] [--id ID] [--flash FILE], where ID is 1 to 32 of A-Z a-z 0-9 _ -"
_MTU = 512
_MAX_TOTAL = 65536


def refuse():
    """MicroPython prints nothing of what SystemExit carries."""
    print(_USAGE, file=sys.stderr)
    sys.exit(2)


def parse(arguments):
    """Command line -> (host, port, id, path of the flash file). Anything else ends the process with the usage."""
    options = {"--listen": "127.0.0.1:0", "--id": None, "--flash": None}
    arguments = list(arguments)
    while arguments:
        name = arguments.pop(0)
        if name not in options or not arguments:
            refuse()
        options[name] = arguments.pop(0)
    host, _, port = options["--listen"].rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        refuse()
    if options["--id"] is not None and not valid_id(options["--id"]):
        refuse()
    return host, int(port), options["--id"], options["--flash"]


def open_flash(path):
    try:
        return None if path is None else platform.flash_file(path)
    except (OSError, ValueError) as error:
        print("motet_core: --flash: %s" % error, file=sys.stderr)
        sys.exit(1)


async def serve(host, port, id, flash):
    """Listens, prints one line `listening HOST:PORT` and serves until cancelled."""
    epoch = int.from_bytes(platform.random_bytes(4), "big") or 1
    stream = StreamPort(platform.native().frame.Link(mtu=_MTU, epoch=epoch), _MTU)
    device = Device(stream, id=id, max_total=_MAX_TOTAL, flash=open_flash(flash))
    bound = await platform.listen(stream.connected, host, port)
    print("listening %s:%d" % (host, bound))
    platform.flush()
    await device.run()


def main(arguments):
    try:
        asyncio.run(serve(*parse(arguments)))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main(sys.argv[1:])
