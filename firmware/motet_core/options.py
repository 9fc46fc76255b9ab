# SPDX-License-Identifier: Apache-2.0
"""The command line of a device that is a process."""

import sys

from motet_core.mqtt.address import Address
from motet_core.wire.presence import valid_id

USAGE = """usage: motet_core [--listen HOST:PORT | fd:NUMBER]       a serial line that is a TCP socket (127.0.0.1:0)
                  | --serial PATH [--baud BAUD]          a serial line (115200)
                  | --mqtt URL --realm REALM [--ca FILE] a broker: mqtt://[user:password@]host[:port], mqtts:// with TLS
                  | --stdio                              MCP by itself: one JSON-RPC message a line
                  [--id ID] [--flash FILE]
ID and REALM are 1 to 32 of A-Z a-z 0-9 _ -; FILE keeps what is installed"""
_WAYS = ("--listen", "--serial", "--mqtt", "--stdio")
_ALONE = ("--stdio",)


class Options:
    """`way`: one of listen, serial, mqtt, stdio; the rest as given, None when not."""

    def __init__(self, given):
        ways = [name[2:] for name in _WAYS if name in given]
        if len(ways) > 1:
            refuse("only one of %s" % ", ".join(_WAYS))
        self.way = ways[0] if ways else "listen"
        self.id = _valid("--id", given.get("--id"))
        self.realm = _valid("--realm", given.get("--realm", "default"))
        self.flash = given.get("--flash")
        self.ca = given.get("--ca")
        self.serial = given.get("--serial")
        self.baud = _number("--baud", given.get("--baud", "115200"), 1 << 24)
        self.address = _address(given.get("--mqtt"))
        self.host, self.port = _place(given.get("--listen", "127.0.0.1:0"))
        if self.way == "mqtt" and self.id is None:
            refuse("--mqtt needs --id: a broker gives none")


def parse(arguments):
    """Command line -> Options. Anything else ends the process with the usage."""
    known = _WAYS + ("--id", "--realm", "--flash", "--ca", "--baud")
    given, rest = {}, list(arguments)
    while rest:
        name = rest.pop(0)
        if name not in known or name in given:
            refuse("%s is not known, or twice there" % name)
        if name not in _ALONE and not rest:
            refuse("%s needs a value" % name)
        given[name] = None if name in _ALONE else rest.pop(0)
    return Options(given)


def refuse(why):
    """Ends the process. MicroPython prints nothing of what SystemExit carries."""
    print("motet_core: %s\n%s" % (why, USAGE), file=sys.stderr)
    sys.exit(2)


def _valid(name, value):
    if value is not None and not valid_id(value):
        refuse("%s is not 1 to 32 of A-Z a-z 0-9 _ -" % name)
    return value


def _number(name, text, most):
    if not text.isdigit() or int(text) > most:
        refuse("%s is not a number up to %d" % (name, most))
    return int(text)


def _place(text):
    host, _, port = text.rpartition(":")
    if not host:
        refuse("--listen is not HOST:PORT")
    return host, _number("--listen: the port", port, 65535)


def _address(url):
    try:
        return None if url is None else Address(url)
    except ValueError as error:
        refuse("--mqtt: %s" % error)
