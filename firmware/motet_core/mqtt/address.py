# SPDX-License-Identifier: Apache-2.0
"""Broker addresses: mqtt://[user[:password]@]host[:port], mqtts:// for TLS."""

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class Address:
    """`host`, `port`, `tls`, `user` and `password` (None: none). ValueError says what is wrong and never holds the password."""

    def __init__(self, url):
        scheme, slashes, rest = url.partition("://")
        if scheme not in _PORTS or not slashes:
            raise ValueError("a broker's address starts with mqtt:// or mqtts://")
        login, at, place = rest.rpartition("@")
        host, port = _host_and_port(place[:-1] if place.endswith("/") else place, _PORTS[scheme])
        user, colon, password = login.partition(":")
        self.tls = scheme == "mqtts"
        self.host = host
        self.port = port
        self.user = _unquoted(user) if at else None
        self.password = _unquoted(password) if colon else None

    def __str__(self):
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "%s://%s:%d" % ("mqtts" if self.tls else "mqtt", host, self.port)


def _host_and_port(place, default):
    host, colon, port = place, "", ""
    if place.startswith("["):
        host, _, after = place[1:].partition("]")
        colon, port = after[:1], after[1:]
    elif ":" in place:
        host, colon, port = place.partition(":")
    if not host or "/" in place or (colon and colon != ":"):
        raise ValueError("a broker's address is mqtt://[user:password@]host[:port] and nothing else")
    if colon and not (port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError("the port of the broker is not a number from 1 to 65535")
    return host, int(port) if colon else default


def _unquoted(text):
    """Without percent signs (RFC 3986, 2.1)."""
    parts = text.split("%")
    out = bytearray(parts[0].encode())
    for part in parts[1:]:
        try:
            out.append(int(part[:2], 16))
        except ValueError:
            raise ValueError("a percent sign in the broker's address is not followed by two hexadecimal digits")
        out.extend(part[2:].encode())
    return str(out, "utf-8")
