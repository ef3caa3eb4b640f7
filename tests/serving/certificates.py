"""Certificates for servers of this machine: each vouches for itself."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

THIS_ADDRESS = x509.IPAddress(ip_address("127.0.0.1"))


def made_certificate(subject: x509.GeneralName = THIS_ADDRESS) -> tuple[bytes, bytes]:
    """A certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    names = x509.SubjectAlternativeName([subject])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def certified(host: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server of this name speaks TLS with, and the file that makes clients trust it."""
    trusted, private = folder / "certificate.pem", folder / "key.pem"
    for file, content in zip((trusted, private), made_certificate(x509.DNSName(host)), strict=True):
        file.write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
