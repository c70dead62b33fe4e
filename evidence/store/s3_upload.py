"""Putting a file of any size into a bucket, and the link that opens it for a while."""

import hashlib
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from evidence.store.interface import StoreError
from evidence.store.s3_wire import Bucket

PART_BYTES = 64 * 1024 * 1024
"""Bytes sent, and held, at a time; S3 allows 10,000 parts (S3 user guide, multipart upload limits)."""

MAX_LINK_S = 7 * 86_400
"""Longest a link may last, seconds (AWS Signature Version 4, X-Amz-Expires)."""


def upload(bucket: Bucket, key: str, source: Path) -> None:
    """Put a file under `key`, each part with its MD5, which the server compares; a broken upload leaves nothing."""
    size = source.stat().st_size
    with source.open("rb") as file:
        if size <= PART_BYTES:
            bucket.put(key, file.read(PART_BYTES), only_new=False)
            return
        opened = bucket.ask_of(key, "create_multipart_upload", ContentType="application/zip")["UploadId"]
        try:
            parts: list[dict[str, object]] = []
            while data := file.read(PART_BYTES):
                number, md5 = len(parts) + 1, hashlib.md5(data, usedforsecurity=False).digest()
                words = {"UploadId": opened, "PartNumber": number, "Body": data, "ContentMD5": b64encode(md5).decode()}
                parts.append({"PartNumber": number, "ETag": bucket.ask_of(key, "upload_part", **words)["ETag"]})
            bucket.ask_of(key, "complete_multipart_upload", UploadId=opened, MultipartUpload={"Parts": parts})
        except BaseException:
            with suppress(StoreError):
                bucket.ask_of(key, "abort_multipart_upload", UploadId=opened)
            raise


def link(bucket: Bucket, key: str, *, seconds: int) -> str:
    """Return a URL that opens what lies under `key`; whoever has it may read, so it is a credential."""
    if not 0 < seconds <= MAX_LINK_S:
        raise StoreError(f"a link lasts 1 to {MAX_LINK_S} seconds, not {seconds}")
    return bucket.link(key, seconds)
