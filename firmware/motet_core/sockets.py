# SPDX-License-Identifier: Apache-2.0
"""TCP and TLS connections on MicroPython, whose asyncio tries one address of a name, and leaves sockets open that did not get
through."""

import asyncio
import errno
import socket
from asyncio import core

# Where systems keep the certificates of the authorities they trust.
_SYSTEM = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem", "/etc/pki/tls/certs/ca-bundle.crt")
_END = b"-----END CERTIFICATE-----"


async def connect(host, port, context=None):
    """-> (reader, writer), to the first address of `host` that answers. The look-up waits for the system's resolver."""
    failed = OSError("no address is known of %s" % host)
    for family, kind, _, _, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        plain = socket.socket(family, kind)
        try:
            await _through(plain, address)
            stream = asyncio.StreamReader(_secured(plain, host, context), {"socket": plain})
            return stream, stream
        except OSError as error:
            plain.close()
            failed = error
        except BaseException:
            plain.close()
            raise
    raise failed


async def _through(plain, address):
    plain.setblocking(False)
    try:
        plain.connect(address)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            raise
        await _writable(plain)
        # The second time it says how the first went.
        plain.connect(address)


def _writable(plain):
    yield core._io_queue.queue_write(plain)


def _secured(plain, host, context):
    """The handshake goes on with the first bytes written and read."""
    if context is None:
        return plain
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


def tls_context(authorities):
    """See hosted.tls_context."""
    try:
        import tls
    except ImportError:
        raise ValueError("this build has no TLS: mqtts:// needs one that has")
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    if authorities is not None:
        _load(context, authorities)
        return context
    for path in _SYSTEM:
        try:
            _load_what_is_known(context, path)
            return context
        except OSError:
            pass
    raise ValueError("this system keeps no authorities where they are looked for: mqtts:// needs --ca FILE")


def _load(context, path):
    try:
        with open(path, "rb") as file:
            context.load_verify_locations(file.read())
    except OSError as error:
        raise OSError("%s: error %d" % (path, error.errno))
    except ValueError:
        raise ValueError("%s holds no certificates" % path)


def _load_what_is_known(context, path):
    """One by one: some authority may use what this build has no code for."""
    one = b""
    with open(path, "rb") as file:
        for line in file:
            one += line
            if line.strip() == _END:
                try:
                    context.load_verify_locations(one)
                except ValueError:
                    pass
                one = b""
