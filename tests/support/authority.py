# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of a test's own, and the certificates of servers that it signs."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
DAY = datetime.timedelta(1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(kind: str) -> Key:
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


class Authority:
    """`certificate`: the file to trust."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self._name, self._key = folder, _name(name), _key("ec")
        made = self._builder(self._name, self._key, DAY).add_extension(x509.BasicConstraints(True, None), True)
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self, host: str, kind: str = "ec", until: datetime.timedelta = DAY) -> tuple[Path, Path]:
        """(certificate, key) files for a DNS name or address, valid until so long from now."""
        key = _key(kind)
        try:
            alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            alternative = x509.DNSName(host)
        made = self._builder(_name(host), key, until).add_extension(x509.SubjectAlternativeName([alternative]), False)
        # Signed by the authority; an emulated or MicroPython client looks at these, too.
        made = made.add_extension(x509.BasicConstraints(False, None), True)
        stem = f"{host}-{kind}-{int(until.total_seconds())}".replace(":", "_")
        files = self._folder / f"{stem}.crt", self._folder / f"{stem}.key"
        files[0].write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(*shape))
        return files

    def _builder(self, subject: x509.Name, key: Key, until: datetime.timedelta) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        made = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
        return made.not_valid_before(now - 30 * DAY).not_valid_after(now + until)
