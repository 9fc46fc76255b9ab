# SPDX-License-Identifier: Apache-2.0
"""What a device has that is a process on an operating system: connections and a clock that knows the date."""

import asyncio
import sys
import time

from motet_core.platform import MICROPYTHON

_CLOSE_S = 2


def complain(text):
    """A line for people, beside the messages."""
    sys.stderr.write(text + "\n")


def unix_ms():
    """Unix time in milliseconds."""
    return time.time_ns() // 1000000


async def open_connection(host, port, tls=False, authorities=None):
    """-> (reader, writer). `authorities`: file with the certificates to trust, None for those of the system. OSError: nobody
    there, no TLS in this build, a certificate that nothing vouches for."""
    context = _tls_context(authorities) if tls else None
    if context is None:
        return await asyncio.open_connection(host, port)
    if MICROPYTHON:
        return await asyncio.open_connection(host, port, context, host)
    return await asyncio.open_connection(host, port, ssl=context)


def _tls_context(authorities):
    try:
        import ssl
    except ImportError:
        raise OSError("this build has no TLS: mqtts:// needs one that has")
    if not MICROPYTHON:
        return ssl.create_default_context(cafile=authorities)
    if authorities is None:
        raise OSError("mqtts:// needs --ca FILE: this build knows no authorities")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=authorities)
    return context


async def close_stream(writer):
    """Closes a connection; that it is broken already is no error, and that nobody takes what is left is none for long."""
    try:
        # MicroPython closes the socket in wait_closed, CPython in close, once all is sent.
        writer.close()
        await asyncio.wait_for(writer.wait_closed(), _CLOSE_S)
    except asyncio.TimeoutError:
        writer.transport.abort()
    except OSError:
        pass


async def standard_input():
    """-> reader"""
    return await _reader(sys.stdin.buffer if hasattr(sys.stdin, "buffer") else sys.stdin)


async def open_serial(path, baud):
    """-> (reader, writer) of a serial line as it is: no echo, no translation. OSError, ValueError: no such speed."""
    stream = open(path, "r+b", buffering=0)  # noqa: SIM115  (the line is open as long as the process runs)
    import termios

    if not hasattr(termios, "B%d" % baud):
        raise ValueError("%d baud is no speed of a serial line here" % baud)
    _make_raw(termios, stream.fileno(), getattr(termios, "B%d" % baud))
    if MICROPYTHON:
        return asyncio.StreamReader(stream), asyncio.StreamWriter(stream, {})
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(lambda: asyncio.streams.FlowControlMixin(loop=loop), stream)
    return await _reader(stream), asyncio.StreamWriter(transport, protocol, None, loop)


def _make_raw(termios, number, speed):
    if MICROPYTHON:
        termios.setraw(number)
    else:
        import tty

        tty.setraw(number)
    attributes = termios.tcgetattr(number)
    attributes[4] = attributes[5] = speed
    if MICROPYTHON:
        # VMIN and VTIME: a read gives what is there instead of waiting for as much as was asked for.
        attributes[6][6] = attributes[6][5] = 0
    termios.tcsetattr(number, termios.TCSANOW, attributes)


async def _reader(stream):
    if MICROPYTHON:
        return asyncio.StreamReader(stream)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stream)
    return reader
