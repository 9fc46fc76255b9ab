# SPDX-License-Identifier: Apache-2.0
"""A device as a process, on CPython and as the edge node: `python -m motet_core --listen 127.0.0.1:0`; see options.USAGE."""

import asyncio
import sys

from motet_core import hosted, platform
from motet_core.device import Device
from motet_core.options import parse
from motet_core.port_mqtt import MqttPort
from motet_core.port_stdio import StdioPort
from motet_core.port_stream import StreamPort

_MTU = 512
_MAX_TOTAL = 65536


def open_flash(path):
    try:
        return None if path is None else platform.flash_file(path)
    except (OSError, ValueError) as error:
        sys.stderr.write("motet_core: --flash: %s\n" % error)
        sys.exit(1)


def stream_port():
    epoch = int.from_bytes(platform.random_bytes(4), "big") or 1
    return StreamPort(platform.native().frame.Link(mtu=_MTU, epoch=epoch), _MTU)


async def serve_listen(options, device_at):
    """Listens, prints one line `listening HOST:PORT` and serves until cancelled."""
    port = stream_port()
    device = device_at(port)
    bound = await platform.listen(port.connected, options.host, options.port)
    print("listening %s:%d" % (options.host, bound))
    platform.flush()
    await device.run()


async def serve_serial(options, device_at):
    """Until cancelled, or the line is gone."""
    port = stream_port()
    device = device_at(port)
    line = await hosted.open_serial(options.serial, options.baud)
    await until_ended(device.run(), port.connected(*line))


async def serve_mqtt(options, device_at):
    """Until cancelled; a broker that is away is waited for."""
    context = hosted.tls_context(options.ca) if options.address.tls else None
    port = MqttPort(options.address, options.realm, options.id, context=context, log=hosted.complain)
    await device_at(port).run()


async def serve_stdio(options, device_at):
    """Until the input ends and all is answered."""
    port = StdioPort(_MAX_TOTAL, options.id or platform.BOARD)
    device = device_at(port)
    await until_ended(device.run(), port.ended())


async def until_ended(work, end):
    """Runs `work` until `end` is over."""
    task = asyncio.create_task(work)
    try:
        await end
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


_WAYS = {"listen": serve_listen, "serial": serve_serial, "mqtt": serve_mqtt, "stdio": serve_stdio}


def main(arguments, extras=()):
    """`extras`: further providers of the device (see device.Device), for programs that bring some."""
    options = parse(arguments)
    flash = open_flash(options.flash)

    def device_at(port):
        return Device(port, id=options.id, max_total=_MAX_TOTAL, flash=flash, extras=extras)

    try:
        asyncio.run(_WAYS[options.way](options, device_at))
    except KeyboardInterrupt:
        pass
    except (OSError, ValueError) as error:
        sys.stderr.write("motet_core: %s\n" % error)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
