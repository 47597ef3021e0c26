"""Downloads from a server on loopback: whole, resumed, broken off, corrupt, too large, and with paths that lead out."""

import dataclasses
import hashlib
import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adtlib.corpora import fetch as fetching
from adtlib.corpora.fetch import Download, FetchError, fetch

FILES = {"corpus/table.csv": b"a,b\n1,2\n", "corpus/audio/one.wav": bytes(range(256)) * 8000}


def zipped(files=FILES) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files=FILES, link: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        if link:
            entry = tarfile.TarInfo("corpus/link")
            entry.type, entry.linkname = tarfile.SYMTYPE, link
            archive.addfile(entry)
    return buffer.getvalue()


class Server:
    """Serves `content`; breaks off after `breaks_after` bytes of each answer; notes where answers began."""

    def __init__(self):
        self.content, self.breaks_after, self.ranges, self.starts, self.announced = b"", None, True, [], None
        self.version, self.status = '"one"', 200
        serving = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                serving.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/corpus.zip"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()  # it looks so often whether to end

    def answer(self, handler):
        if self.status != 200:
            handler.send_error(self.status)
            return
        asked = handler.headers.get("Range")
        start = 0
        if asked and self.ranges and handler.headers.get("If-Range") == self.version:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        self.starts.append(start)
        if start and start >= len(self.content):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(self.announced or len(self.content) - start))
        handler.send_header("ETag", self.version)
        handler.end_headers()
        end = len(self.content) if self.breaks_after is None else start + self.breaks_after
        handler.wfile.write(self.content[start:end])


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(fetching.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(fetching, "RESERVE", 0)
    served = Server()
    yield served
    served.http.shutdown()
    served.http.server_close()


def a_download(server: Server, content: bytes) -> Download:
    server.content = content
    return Download(
        title="A corpus",
        url=server.url,
        file="corpus.zip",
        checksum=f"sha256:{hashlib.sha256(content).hexdigest()}",
        size=len(content),
        unpacked=10_000_000,
        holds="corpus/table.csv",
        licence="CC0",
    )


def contents(folder) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_an_archive_is_downloaded_and_unpacked_once(server, tmp_path, packed):
    seen = []
    download = a_download(server, packed())
    place = fetch(download, tmp_path / "data", progress=lambda *step: seen.append(step))
    assert place.read_bytes() == FILES["corpus/table.csv"]
    assert contents(tmp_path / "data") == FILES  # nothing else is left behind
    assert seen[-1] == ("unpacking", sum(map(len, FILES.values())), 10_000_000)
    assert ("downloading", len(server.content), len(server.content)) in seen
    fetch(download, tmp_path / "data")
    assert len(server.starts) == 1


def test_a_transfer_that_breaks_off_goes_on_where_it_broke(server, tmp_path):
    download = a_download(server, zipped())
    server.breaks_after = 700_000
    fetch(download, tmp_path)
    assert server.starts == [0, 700_000, 1_400_000]
    assert contents(tmp_path) == FILES


def test_the_same_command_goes_on_after_it_has_given_up(server, tmp_path):
    download = a_download(server, zipped())
    server.breaks_after = 0
    server.content, whole = server.content[:500_000], server.content
    server.announced = len(whole)
    with pytest.raises(FetchError, match=r"cannot be read .*: try again later; 0\.0 GB are here and stay"):
        fetch(download, tmp_path)
    server.breaks_after, server.announced = 600_000, None
    server.content = whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "ATTEMPTS", 0)  # gives up at the first break
        with pytest.raises(FetchError):
            fetch(download, tmp_path)
    assert (tmp_path / "corpus.zip.part").stat().st_size == 600_000
    server.breaks_after, server.starts = None, []
    fetch(download, tmp_path)
    assert server.starts == [600_000]
    assert contents(tmp_path) == FILES


def test_a_part_of_another_version_is_thrown_away(server, tmp_path):
    (tmp_path / "corpus.zip.part").write_bytes(b"old" * 1000)
    (tmp_path / "corpus.zip.part.version").write_text('"older"')
    fetch(a_download(server, zipped()), tmp_path)
    assert server.starts == [0]
    assert contents(tmp_path) == FILES


def test_a_server_without_ranges_is_read_from_the_beginning(server, tmp_path):
    download = a_download(server, zipped())
    server.ranges = False
    (tmp_path / "corpus.zip.part").write_bytes(server.content[:1000])
    (tmp_path / "corpus.zip.part.version").write_text(server.version)
    fetch(download, tmp_path)
    assert contents(tmp_path) == FILES


def test_a_corrupt_archive_is_deleted_and_not_unpacked(server, tmp_path):
    download = a_download(server, zipped())
    server.content = server.content[:50_000] + b"\0" + server.content[50_001:]
    with pytest.raises(FetchError, match=r"has the sha256 checksum .* its publisher states .* it was deleted"):
        fetch(download, tmp_path)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_damage_is_found_without_a_checksum_too(server, tmp_path, packed):
    download = dataclasses.replace(a_download(server, packed()), checksum=None)
    middle = len(server.content) // 2
    server.content = server.content[:middle] + bytes(64) + server.content[middle + 64 :]
    with pytest.raises(FetchError, match=r"corpus\.zip cannot be unpacked .* delete it and run the command again"):
        fetch(download, tmp_path)
    assert set(contents(tmp_path)) == {"corpus.zip"}


@pytest.mark.parametrize(
    "name", ["../outside.txt", "/tmp/outside.txt", "corpus/../../outside.txt", "..\\outside.txt", "C:/outside.txt"]
)
@pytest.mark.parametrize("packed", [zipped, tarred])
def test_paths_that_lead_out_are_refused(server, tmp_path, packed, name):
    download = a_download(server, packed(FILES | {name: b"out"}))
    with pytest.raises(FetchError, match="holds a path that leads out of it"):
        fetch(download, tmp_path / "data")
    assert set(contents(tmp_path)) == {"data/corpus.zip"}


def test_links_are_refused(server, tmp_path):
    with pytest.raises(FetchError, match=r"holds a link or device \('corpus/link'\)"):
        fetch(a_download(server, tarred(link="/etc/passwd")), tmp_path)


def test_an_archive_that_unpacks_to_more_than_announced_is_stopped(server, tmp_path):
    download = dataclasses.replace(a_download(server, zipped({"corpus/table.csv": bytes(1_000_000)})), unpacked=1000)
    with pytest.raises(FetchError, match="it is not what it should be"):
        fetch(download, tmp_path)


def test_space_is_compared_before_anything_is_sent_for(server, tmp_path):
    download = dataclasses.replace(a_download(server, zipped()), unpacked=10**18)
    with pytest.raises(FetchError, match=r"A corpus \(archive and unpacked\) needs 1000000000\.0 GB, but .* make room"):
        fetch(download, tmp_path)
    assert server.starts == []


def test_a_server_that_sends_more_than_the_disk_holds_is_refused(server, tmp_path):
    download = a_download(server, zipped())
    server.announced = 10**18
    with pytest.raises(FetchError, match="make room"):
        fetch(download, tmp_path)
    assert contents(tmp_path) == {}


def test_a_server_that_says_no(server, tmp_path):
    download = a_download(server, zipped())
    server.status = 404
    with pytest.raises(FetchError, match="answers 404 Not Found: the address may have changed"):
        fetch(download, tmp_path)


def test_nothing_of_the_user_is_replaced(server, tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "mine.txt").write_text("mine")
    with pytest.raises(FetchError, match=r"is there already, without corpus/table\.csv: rename or delete it"):
        fetch(a_download(server, zipped()), tmp_path)
    assert (tmp_path / "corpus" / "mine.txt").read_text() == "mine"
