"""A cloud account on loopback, played by ministack (an emulator: not the real product), with something in it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from collectors.simulate.certificates import self_signed
from evidence.errors import Error

REGION = "eu-central-1"
KEY_ID, SECRET_KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
"""The key of AWS's own documentation."""

MAX_LINES = 2_000
"""Most lines read while the emulator starts; it prints about twenty."""


class CloudSimulationError(Error):
    """The emulator did not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """A running account."""

    endpoint: str

    def client(self, service: str) -> Any:
        """Return botocore's own client, for putting something in."""
        from botocore.session import Session

        session = Session()
        session.set_credentials(KEY_ID, SECRET_KEY)
        return session.create_client(service, region_name=REGION, endpoint_url=self.endpoint)


@contextmanager
def serving() -> Iterator[Cloud]:
    """Run an account with some content on a free loopback port until the block ends."""
    program = Path(sys.executable).with_name("ministack")
    if not program.exists():
        raise CloudSimulationError("ministack is not installed", hint="pip install 'plantproof[demo]'")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    environ = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0"}
    with _running([str(program)], environ):
        cloud = Cloud(endpoint=f"http://127.0.0.1:{port}")
        _fill(cloud)
        yield cloud


@contextmanager
def _running(words: list[str], environ: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.strip())
        if "Running on http" in line or len(lines) > MAX_LINES:
            break
    drain = threading.Thread(target=lambda: [None for _ in process.stdout or ()], daemon=True)
    drain.start()
    try:
        if process.poll() is not None:
            raise CloudSimulationError(f"{words[0]} did not start: {' / '.join(lines[-3:])}")
        yield
    finally:
        process.terminate()
        process.wait(20)
        drain.join(10)
        process.stdout.close()


def _fill(cloud: Cloud) -> None:
    """Put a user, a rule, a certificate and a vault into the account."""
    iam = cloud.client("iam")
    iam.create_account_alias(AccountAlias="acme-plant")
    iam.create_user(UserName="anna")
    ec2 = cloud.client("ec2")
    group = ec2.create_security_group(GroupName="historian", Description="reads from the plant")["GroupId"]
    tags = [{"Key": "Owner", "Value": "anna"}, {"Key": "Reason", "Value": "historian"}]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.20.0.0/16"}]}],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}],
    )
    certificate, key = self_signed("historian.example", days=200)
    cloud.client("acm").import_certificate(Certificate=certificate.public_bytes(Encoding.PEM), PrivateKey=key)
    cloud.client("backup").create_backup_vault(BackupVaultName="plant")
