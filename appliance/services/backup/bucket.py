"""Backups in a bucket of an S3 server on the premises."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from appliance.services.backup.targets import TargetError


class S3:
    """A bucket of an S3 server on the premises: `s3://BUCKET/PREFIX`, with python3-boto3."""

    def __init__(self, url: str, endpoint: str, credentials: Path | None, spool: Path | None = None):
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise TargetError("S3 needs boto3: apt install python3-boto3") from error
        parts, self.spool = urlsplit(url), spool
        self.bucket, self.prefix = parts.netloc, parts.path.strip("/")
        try:
            access, secret = credentials.read_text().split()[:2] if credentials else (None, None)
        except (OSError, ValueError) as error:
            raise TargetError(f"{credentials} must hold two lines: access key, secret key") from error
        options = {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 5}}
        checks = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
        try:
            settings = Config(**options, **checks)
        except TypeError:  # boto3 before 1.36 has no such checksums
            settings = Config(**options)
        self.client = boto3.client(
            "s3", endpoint_url=endpoint or None, aws_access_key_id=access, aws_secret_access_key=secret,
            region_name="us-east-1", config=settings,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}".lstrip("/")

    def _call(self, operation: str, **values):
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self.client, operation)(Bucket=self.bucket, **values)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                raise FileNotFoundError(values.get("Key")) from error
            raise TargetError(f"{self}: {error.response.get('Error', {}).get('Code')}") from error
        except BotoCoreError as error:
            raise TargetError(f"{self}: {type(error).__name__}") from error

    def prepare(self) -> None:
        """TargetError when the bucket can't be reached."""
        self._call("list_objects_v2", MaxKeys=1)

    def put(self, name: str, pieces: Iterable[bytes], size: int | None = None) -> None:
        """Write an object, which is there whole or not at all."""
        with tempfile.TemporaryFile(dir=self.spool) as file:  # encrypted bytes: they may lie on a disk
            for piece in pieces:
                file.write(piece)
            file.seek(0)
            self._call("put_object", Key=self._key(name), Body=file)

    def open(self, name: str) -> BinaryIO:
        """Read an object; FileNotFoundError."""
        return _Body(self._call("get_object", Key=self._key(name))["Body"], name, self)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(name, size) of the objects below a prefix."""
        more: dict[str, str] = {}
        below = self._key(prefix).rstrip("/") + "/"  # else `blobs` would name what others keep in `blobs-old`
        while True:
            page = self._call("list_objects_v2", Prefix=below, **more)
            for each in page.get("Contents", ()):
                yield each["Key"][len(self.prefix) :].lstrip("/") if self.prefix else each["Key"], each["Size"]
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, name: str) -> None:
        """Remove an object."""
        self._call("delete_object", Key=self._key(name))

    def sweep(self) -> None:
        """Nothing is ever half-written here."""


class _Body:
    """An object being read: what goes wrong with the network has one name."""

    def __init__(self, body, name: str, target: S3):
        self.body, self.name, self.target = body, name, target

    def read(self, size: int = -1) -> bytes:
        """The next bytes; TargetError when the connection is lost."""
        from botocore.exceptions import BotoCoreError, HTTPClientError

        try:
            return self.body.read(size if size >= 0 else None)
        except (BotoCoreError, HTTPClientError, OSError) as error:
            raise TargetError(f"{self.target}: reading {self.name} was cut: {type(error).__name__}") from error

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.body.close()
