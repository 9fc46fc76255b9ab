# SPDX-License-Identifier: Apache-2.0
"""Loopback listeners that outlive the emulator they are handed to."""

import socket


def listen() -> socket.socket:
    """A listening TCP socket on a free port of 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4)
    # Accepted sockets inherit it: without, Nagle's algorithm holds back short frames for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
