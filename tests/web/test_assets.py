"""Static files: named by their content, compressed, and the large ones never kept in memory."""

import gzip
import hashlib
import re

import pytest

from appliance.web import assets, headers

ZIP = {"Accept-Encoding": "gzip"}
LARGE = {
    "vendor/onnxruntime-web/ort-wasm-simd.wasm": "application/wasm",
    "vendor/centerface/centerface.onnx": "application/octet-stream",
}


@pytest.mark.parametrize("accepted", (ZIP, {}, {"Accept-Encoding": "identity"}), ids=str)
@pytest.mark.parametrize(("path", "kind"), LARGE.items())
def test_a_large_file_is_served_as_it_lies_compressed_on_the_disk(world, path, kind, accepted):
    """To whoever asks: unpacked, it would wait in memory for each reader that stalls."""
    stored = assets.FOLDER / f"{path}.gz"
    answer = world.visitor().get(assets.address(path), headers=accepted, buffered=True)
    assert answer.mimetype == kind and answer.headers["Content-Encoding"] == "gzip"
    assert answer.content_length == stored.stat().st_size
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.data == stored.read_bytes()
    assert not assets._load(path).content and not assets._load(path).packed


@pytest.mark.parametrize("path", LARGE)
def test_a_large_file_already_held_is_not_sent_again(world, path):
    visitor, address = world.visitor(), assets.address(path)
    tag = visitor.get(address, headers=ZIP, buffered=True).headers["ETag"]
    again = visitor.get(address, headers={**ZIP, "If-None-Match": tag}, buffered=True)
    assert again.status_code == 304 and not again.data


@pytest.mark.parametrize("path", LARGE)
def test_what_is_compressed_holds_what_its_source_says(path):
    content = gzip.decompress((assets.FOLDER / f"{path}.gz").read_bytes())
    source = (assets.FOLDER / path).with_name("SOURCE.md").read_text("utf-8")
    assert hashlib.sha256(content).hexdigest() in source
    assert f"{len(content):,} bytes" in source


def test_a_module_imports_its_neighbours_under_the_hash_of_their_content(world):
    visitor = world.visitor()
    todo, seen = [assets.address("js/files.js")], set()
    while todo:
        address = todo.pop()
        answer = visitor.get(address)
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"], address
        seen.add(address.partition("?")[0])
        folder = address.partition("?")[0].rpartition("/")[0]
        found = re.findall(r'(?:from|import) ?\(?"(\./[^"]+)"', answer.text)
        assert all("?v=" in each for each in found), found
        todo += [f"{folder}/{each.removeprefix('./')}" for each in found]
    assert {"/static/js/files.js", "/static/js/retouch/studio.js", "/static/js/retouch/geometry.js"} <= seen


def test_only_the_worker_that_finds_faces_may_compile_webassembly(world):
    teacher = world.sign_in("teacher")
    worker = teacher.get(assets.address("js/retouch/worker.js")).headers["Content-Security-Policy"]
    assert "'wasm-unsafe-eval'" in worker and "'unsafe-eval'" not in worker.replace("'wasm-unsafe-eval'", "")
    assert "default-src 'none'" in worker and "connect-src 'self'" in worker
    composer = f"/classes/{world.cm1.public_id}/publications/nouvelle"
    for address in (composer, assets.address("js/retouch/studio.js"), assets.address("js/files.js"), "/"):
        assert teacher.get(address).headers["Content-Security-Policy"] == headers.POLICY, address
    assert "eval" not in headers.POLICY


def test_the_composer_holds_the_dialog_and_where_its_parts_are(world):
    page = world.sign_in("teacher").get(f"/classes/{world.cm1.public_id}/publications/nouvelle").text
    assert 'id="retouch"' in page
    for path in ("js/retouch/worker.js", *LARGE):
        assert assets.address(path) in page, path


@pytest.mark.parametrize(
    "path",
    ("vendor/centerface/none.onnx", "../assets.py", "vendor/../../assets.py", "%00", "a" * 300, "é/" * 3000),
    ids=lambda path: path[:30],
)
def test_what_is_not_there_is_not_found(world, path):
    assert world.visitor().get(f"/static/{path}").status_code == 404
