"""Where files are kept: a folder, memory, and a store that speaks S3."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from waiting import join

from flowengine import NotConfigured, Unreachable
from flowengine.outside.files import PART, Depot, check_url

ID = "file-" + "ab" * 16


class Bucket:
    """A server that speaks as much of S3 as is needed: objects are put, given and deleted by who signs."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.unsigned = 0
        self.down = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def _answer(self, status: int, data: bytes = b"", length: int | None = None) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(data) if length is None else length))
                self.send_header("etag", '"x"')
                self.send_header("last-modified", "Mon, 04 May 2026 09:00:00 GMT")
                self.end_headers()
                self.wfile.write(data)

            def _is_fine(self) -> bool:
                signed = self.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 ")
                outer.unsigned += not signed
                if outer.down or not signed:
                    self._answer(400 if outer.down else 403)
                return signed and not outer.down

            def do_PUT(self) -> None:
                data = self.rfile.read(int(self.headers["content-length"]))
                if self._is_fine():
                    outer.objects[self.path] = data
                    self._answer(200)

            def do_GET(self) -> None:
                if self._is_fine():
                    found = outer.objects.get(self.path)
                    self._answer(404 if found is None else 200, found or b"")

            def do_POST(self) -> None:
                keys = re.findall(r"<Key>(.*?)</Key>", self.rfile.read(int(self.headers["content-length"])).decode())
                if self._is_fine():
                    for key in keys:
                        outer.objects.pop(f"/bucket/{key}", None)
                    deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
                    self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

            def log_message(self, *_: Any) -> None:
                """Nothing on standard error."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        join(self._thread)
        self.server.server_close()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    made = Bucket()
    yield made
    made.close()


def on(bucket: Bucket) -> Depot:
    """A depot in a bucket."""
    options: dict[str, object] = {
        "endpoint": bucket.url,
        "access_key_id": "key",
        "secret_access_key": "secret",
        "region": "eu-north-1",
        "virtual_hosted_style_request": False,
        "client_options": {"allow_http": True},
        "retry_config": {"max_retries": 0},
    }
    return Depot("s3://bucket/flow", "", options)


@pytest.fixture(params=["folder", "memory", "s3"])
def depot(request: pytest.FixtureRequest, tmp_path: Path, bucket: Bucket) -> Depot:
    """One of each kind."""
    if request.param == "s3":
        return on(bucket)
    return Depot((tmp_path / "a b" / "files").as_uri() if request.param == "folder" else "memory://", "")


def test_what_is_put_is_got_in_parts_and_deleted_once(depot: Depot) -> None:
    """And what is not there says so at once."""
    data = bytes(range(256)) * (PART // 64)
    depot.put(ID, data)
    assert depot.get(ID) == data
    assert b"".join(depot.stream(ID)) == data
    depot.delete(ID)
    depot.delete(ID)
    for ask in (depot.get, depot.stream):
        with pytest.raises(FileNotFoundError):
            ask(ID)


def test_in_a_bucket_an_object_is_called_by_its_id_below_the_prefix(bucket: Bucket) -> None:
    """And each request is signed."""
    on(bucket).put(ID, b"x")
    assert list(bucket.objects) == [f"/bucket/flow/ab/{ID}"]
    assert bucket.unsigned == 0


def test_a_bucket_that_is_away_is_told(bucket: Bucket) -> None:
    """As what is outside, to be tried again; no key is in the words."""
    depot = on(bucket)
    bucket.down = True
    for ask in (lambda: depot.put(ID, b"x"), lambda: depot.get(ID), lambda: depot.delete(ID)):
        with pytest.raises(Unreachable) as error:
            ask()
        assert "secret" not in str(error.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """When it is first needed."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(NotConfigured, match="cannot be made"):
        Depot((tmp_path / "taken" / "files").as_uri(), "").check()


@pytest.mark.parametrize(
    ("database", "kept"),
    [
        ("sqlite:///flow.db", "flow.db.files"),
        ("sqlite:////var/flow.db", "/var/flow.db.files"),
        ("sqlite:///flow.db?timeout=3", "flow.db.files"),
        ("sqlite://", "memory"),
        ("sqlite:///:memory:", "memory"),
        ("postgresql+psycopg://host/flow", ""),
    ],
)
def test_beside_which_database_files_go_without_saying(database: str, kept: str) -> None:
    """A folder beside a file, memory beside memory; beside a server it has to be said."""
    depot = Depot("", database)
    if not kept:
        with pytest.raises(NotConfigured) as error:
            depot.check()
        assert "FLOW_FILES" in str(error.value)
    else:
        assert kept in depot.url


@pytest.mark.parametrize("url", ["file://host/x", "file:x", "/x", "http://x", "s3:///x", "memory://x", "gs://b"])
def test_what_is_no_place_is_refused(url: str) -> None:
    """With what would be one."""
    with pytest.raises(NotConfigured) as error:
        check_url(url)
    assert "s3://bucket" in str(error.value)
