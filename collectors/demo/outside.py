"""Who binds the demo's log from outside: a time-stamp authority on loopback (OpenSSL's `ts`), and a witness's key."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evidence.log.keyring import write_pair
from evidence.log.keys import SigningKey
from evidence.log.timestamp import MAX_REPLY_BYTES

WITNESS = "witness"
"""The file of the auditor's key that he cosigns with."""

AUTHORITY = "authority.pem"
"""The file of the authority's certificate, which is its own CA."""

_ANSWER_S = 10
_CONFIG = """\
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {certificate}
signer_key = {folder}/key.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
ess_cert_id_alg = sha256
"""


def write_witness(folder: Path) -> None:
    """Make the witness's key where there is none yet."""
    if not (folder / WITNESS).exists():
        write_pair(folder / WITNESS, SigningKey.generate(), WITNESS)


@contextmanager
def stamping(folder: Path, now: datetime) -> Iterator[bool]:
    """
    Answer as an authority until the block ends, and name it in the site file of `folder`; tell whether there is one.

    There is none without the program openssl. Key and certificate stay in `folder`: what was stamped by an earlier run
    is trusted in a later one, too.
    """
    if shutil.which("openssl") is None:
        yield False
        return
    place = (folder / "authority").absolute()
    if not place.exists():
        _make(place, folder.absolute() / AUTHORITY, now)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(place))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        said = [{"name": "demo-tsa", "url": f"http://127.0.0.1:{server.server_address[1]}/", "ca": AUTHORITY}]
        with (folder / "plantproof.yml").open("a", encoding="utf-8") as site:
            site.write(f"tsa: {json.dumps(said)}\n")
        yield True
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _make(place: Path, certificate: Path, now: datetime) -> None:
    """Write a key, and a certificate for time stamps and nothing else (RFC 3161 §2.3)."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.NameAttribute(NameOID.COMMON_NAME, "Demo time stamps")
    builder = x509.CertificateBuilder().subject_name(x509.Name([name])).issuer_name(x509.Name([name]))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3650))
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    made = builder.add_extension(purpose, critical=True).sign(key, hashes.SHA256())
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    place.mkdir(mode=0o700)
    (place / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (place / "serial").write_text("01\n", encoding="ascii")
    (place / "ts.cnf").write_text(_CONFIG.format(folder=place, certificate=certificate), encoding="utf-8")


def _handler(place: Path) -> type[BaseHTTPRequestHandler]:
    """Return what answers a question by POST with a token (RFC 3161 §3.4)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MAX_REPLY_BYTES))
            (place / "asked.tsq").write_bytes(query)
            words = ["-config", str(place / "ts.cnf"), "-queryfile", str(place / "asked.tsq")]
            done = subprocess.run(
                ["openssl", "ts", "-reply", *words], capture_output=True, check=False, timeout=_ANSWER_S
            )
            self.send_response(200 if done.returncode == 0 else 500)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(done.stdout)))
            self.end_headers()
            self.wfile.write(done.stdout)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    return Handler
