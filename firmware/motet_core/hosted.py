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


def tls_context(authorities=None):
    """What a TLS client trusts: certificates must be valid, of one of the authorities, and of the name that was connected to.
    `authorities`: file with their certificates (PEM), None for those of the system. OSError, ValueError: there are none."""
    if MICROPYTHON:
        from motet_core import sockets

        return sockets.tls_context(authorities)
    import ssl

    try:
        return ssl.create_default_context(cafile=authorities)
    except ssl.SSLError as error:
        raise ValueError("%s holds no certificates: %s" % (authorities, error.reason))
    except OSError as error:
        raise OSError("%s: %s" % (authorities, error.strerror))


async def open_connection(host, port, context=None):
    """-> (reader, writer). `context`: of tls_context, for TLS. OSError, ValueError: nobody there, or nobody to be trusted."""
    if MICROPYTHON:
        from motet_core import sockets

        return await sockets.connect(host, port, context)
    return await asyncio.open_connection(host, port, ssl=context)


def reason(error):
    """Why there is no connection, for people."""
    verify = getattr(error, "verify_message", None)
    if verify is not None:
        return "the certificate is refused: %s" % verify
    # Mbed TLS has a line for each reason.
    return "; ".join(line for line in str(error).split("\n") if line) or type(error).__name__


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
    if MICROPYTHON and "socket" in writer.e:
        # A TLS stream that has failed leaves its socket open.
        writer.e["socket"].close()


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
