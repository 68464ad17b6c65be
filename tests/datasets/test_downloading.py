"""Downloads from a local server that cuts, stalls and lies, and of malicious zip files."""

from __future__ import annotations

import io
import socket
import stat
import struct
import threading
import zipfile
from pathlib import Path

import pytest

from datasets import DataError, Network, Remote, Series, iter_series
from datasets.core.download import CHUNK
from datasets.core.http_client import Unreachable
from datasets.core.zip_file import files_in, read_member
from tests.support.stand_ins import ORIGINAL, ZIP, Server, Tiny, make_zip, tiny_zip

PLAIN = Remote("f", "https://original.example/tiny.bin")


def collect(
    tiny: Tiny, server: Server, cache: Path, mode: str = "real", **options
) -> tuple[list[Series | DataError], list[str]]:
    said: list[str] = []
    network = server.network(cache, **options)
    return list(iter_series(tiny, cache_dir=cache, mode=mode, announce=said.append, network=network)), said


def assert_right(tiny: Tiny, found: list[Series | DataError], source: str = "download") -> None:
    assert [type(one) for one in found] == [Series] * 3, found
    for one in found:
        assert one.source == source
        assert one.values.tobytes() == tiny.arrays(one.name)[0].tobytes()


# -- what a kind server sends --------------------------------------------------------------------


@pytest.mark.parametrize("top", ["TSB-UAD-Public/", "", "some/folder/"])
def test_only_the_needed_members_travel_when_the_server_sends_ranges(
    tiny: Tiny, server: Server, tmp_path: Path, top: str
) -> None:
    server.files[ZIP] = tiny_zip(tiny, top)
    found, said = collect(tiny, server, tmp_path)
    assert_right(tiny, found)
    assert said == ["Tiny: downloaded from TSB-UAD's zip"]
    assert server.sent < len(server.files[ZIP]) / 2
    server.files.clear()
    again, said = collect(tiny, server, tmp_path)
    assert_right(tiny, again, "cache")
    assert said == [f"Tiny: read from the cache {tmp_path}"]


def test_the_whole_zip_is_fetched_once_when_the_server_sends_no_ranges(
    tiny: Tiny, server: Server, tmp_path: Path
) -> None:
    server.files[ZIP], server.ranges = tiny_zip(tiny), False
    found, _ = collect(tiny, server, tmp_path)
    assert_right(tiny, found)
    assert [ranges for _, ranges in server.asked] == ["bytes=0-0", ""]


def test_the_first_publisher_steps_in(tiny: Tiny, server: Server, tmp_path: Path) -> None:
    server.files[ORIGINAL] = tiny.original()
    found, said = collect(tiny, server, tmp_path)
    assert_right(tiny, found)
    assert any("TSB-UAD's zip cannot be used" in line and "HTTP 404" in line for line in said)
    assert said[-1] == "Tiny: downloaded from its original publisher, https://original.example/tiny.bin"
    assert [path for path, _ in server.asked] == [ZIP, ORIGINAL]  # each once, not per series


# -- cuts, stalls, faults ------------------------------------------------------------------------


def test_a_range_that_is_cut_goes_on_where_it_broke(tiny: Tiny, server: Server, tmp_path: Path) -> None:
    server.files[ZIP] = tiny_zip(tiny)
    server.cut_after, server.cuts = 5000, 3
    found, _ = collect(tiny, server, tmp_path)
    assert_right(tiny, found)
    assert server.cuts == 0


def test_a_file_that_is_cut_goes_on_where_it_broke(server: Server, tmp_path: Path) -> None:
    data = server.files[ORIGINAL] = bytes(range(256)) * 400
    server.cut_after, server.cuts = 30_000, 2
    assert server.network(tmp_path).fetch(PLAIN) == data
    assert server.sent < len(data) + 3 * CHUNK  # a break costs less than a chunk
    assert [ranges for _, ranges in server.asked] == ["", f"bytes={7 * CHUNK}-", f"bytes={14 * CHUNK}-"]
    assert list((tmp_path / "downloads").iterdir()) == []


def test_a_download_goes_on_in_the_next_run(server: Server, tmp_path: Path) -> None:
    data = server.files[ORIGINAL] = bytes(range(256)) * 400
    with pytest.raises(DataError, match="too slow"):
        server.network(tmp_path, file_timeout=0.0).fetch(PLAIN)
    assert server.network(tmp_path).fetch(PLAIN) == data
    assert server.asked[-1][1] == f"bytes={CHUNK}-"


def test_cuts_without_progress_end_with_advice(server: Server, tmp_path: Path) -> None:
    server.files[ORIGINAL] = b"x" * 10_000
    server.cut_after, server.cuts = 0, 99
    with pytest.raises(DataError, match=r"is interrupted repeatedly .*: run the same command later"):
        server.network(tmp_path, tries=3).fetch(PLAIN)
    assert len(server.asked) == 3


def test_another_file_under_the_same_address_is_not_glued_to_the_old_half(server: Server, tmp_path: Path) -> None:
    part = server.network(tmp_path)._path(PLAIN)
    part.parent.mkdir(parents=True)
    part.with_name(part.name + ".part").write_bytes(b"old half")
    part.with_name(part.name + ".etag").write_text('"v0"')
    server.files[ORIGINAL] = b"the new file, whole"
    assert server.network(tmp_path).fetch(PLAIN) == b"the new file, whole"


def test_half_a_file_with_a_weak_tag_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    server.etag = 'W/"v1"'
    server.files[ORIGINAL] = b"x" * 10_000
    server.cut_after, server.cuts = 4_000, 2
    assert server.network(tmp_path).fetch(PLAIN) == b"x" * 10_000
    assert [ranges for _, ranges in server.asked] == ["", "", ""]


def test_half_a_file_without_a_tag_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    server.etag = ""
    server.files[ORIGINAL] = b"x" * 10_000
    server.cut_after, server.cuts = 4_000, 2
    assert server.network(tmp_path).fetch(PLAIN) == b"x" * 10_000
    assert [ranges for _, ranges in server.asked] == ["", "", ""]


def test_a_server_that_stalls_costs_its_timeout_and_no_more(tiny: Tiny, server: Server, tmp_path: Path) -> None:
    server.files[ZIP], server.stall = tiny_zip(tiny), 5.0
    found, _ = collect(tiny, server, tmp_path, read_timeout=0.05, tries=2)
    assert [type(one) for one in found] == [DataError] * 3
    assert "is interrupted repeatedly" in str(found[0])
    assert len([path for path, _ in server.asked if path == ZIP]) == 3  # a probe and two tries, not per series


def test_a_server_that_drips_is_left(server: Server, tmp_path: Path) -> None:
    server.files[ORIGINAL] = b"x" * 300_000
    with pytest.raises(DataError, match="too slow"):
        server.network(tmp_path, file_timeout=0.0).fetch(PLAIN)


def test_passing_faults_are_tried_again_lasting_ones_are_not(server: Server, tmp_path: Path) -> None:
    server.files[ORIGINAL] = b"data"
    server.status, server.faults = 503, 2
    assert server.network(tmp_path).fetch(PLAIN) == b"data"
    server.status, server.faults = 403, 1
    with pytest.raises(DataError, match="HTTP 403"):
        server.network(tmp_path).fetch(PLAIN)


def test_a_host_that_does_not_answer_is_asked_once_and_simulated_series_stand_in(tiny: Tiny, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    network = Network(tmp_path, base_url=f"http://127.0.0.1:{port}")
    said: list[str] = []
    found = list(iter_series(tiny, cache_dir=tmp_path, announce=said.append, network=network))
    assert all(isinstance(one, Series) and one.simulated for one in found)
    assert len(said) == 1
    assert "SIMULATED" in said[0]
    assert "cannot be reached" in said[0]
    with pytest.raises(Unreachable):
        network.fetch(PLAIN)
    refused = list(iter_series(tiny, cache_dir=tmp_path, mode="real", announce=said.append, network=network))
    assert all(isinstance(one, DataError) and "is not available" in str(one) for one in refused)


def test_offline_asks_nobody(tiny: Tiny, server: Server, tmp_path: Path) -> None:
    server.files[ZIP] = tiny_zip(tiny)
    found, said = collect(tiny, server, tmp_path, "auto", offline=True)
    assert all(isinstance(one, Series) and one.simulated for one in found)
    assert "offline" in said[0]
    assert server.asked == []


# -- lies ----------------------------------------------------------------------------------------


def test_wrong_content_is_refused_and_the_next_mirror_asked(tiny: Tiny, server: Server, tmp_path: Path) -> None:
    shifted = {f"Tiny/{name}": tiny.text(name).replace(b"\n0", b"\n1", 1) for name in tiny.series_names()}
    server.files[ZIP] = make_zip(shifted)
    for one in collect(tiny, server, tmp_path)[0]:
        assert isinstance(one, DataError)
        assert "hash of its values or labels is wrong" in str(one)
    server.files[ORIGINAL] = tiny.original()
    assert_right(tiny, collect(tiny, server, tmp_path / "fresh")[0])


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_is_not_data(tiny: Tiny, server: Server, tmp_path: Path, content_type: str) -> None:
    server.files = dict.fromkeys((ZIP, ORIGINAL), b"<!DOCTYPE html><html>Welcome to our hotel</html>")
    server.content_type = content_type
    found, _ = collect(tiny, server, tmp_path)
    assert all(isinstance(one, DataError) for one in found)
    assert "web page instead of data" in str(found[0])
    made, said = collect(tiny, server, tmp_path, "auto")
    assert all(isinstance(one, Series) and one.simulated for one in made)
    assert "SIMULATED" in said[-1]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://evil.example/x", "another host, 'evil.example'"),
        ("//evil.example/x", "another host, 'evil.example'"),
        ("https://127.0.0.1.evil.example/x", "another host"),
        ("http://127.0.0.1:1/x", "another host, '127.0.0.1:1'"),
        ("ftp://127.0.0.1/x", "'ftp' instead of https"),
        ("file:///etc/passwd", "'file' instead of https"),
        (ORIGINAL, "in a circle"),
    ],
)
def test_foreign_redirects_are_refused(server: Server, tmp_path: Path, target: str, expected: str) -> None:
    server.redirect[ORIGINAL] = target
    with pytest.raises(DataError, match=expected):
        server.network(tmp_path).fetch(PLAIN)


def test_a_redirect_within_the_host_is_followed(server: Server, tmp_path: Path) -> None:
    server.redirect[ORIGINAL] = "/moved"
    server.files["/moved"] = b"data"
    assert server.network(tmp_path).fetch(PLAIN) == b"data"


@pytest.mark.parametrize("url", ["http://www.thedatum.org/x.zip", "ftp://x/y", "file:///etc/passwd"])
def test_only_https_is_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(DataError, match="only https"):
        Network(tmp_path).fetch(Remote("x", url))
    with pytest.raises(DataError, match="only https"):
        Network(tmp_path, base_url="http://mirror.example").fetch(PLAIN)


def test_more_than_was_promised_is_refused(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.core.download.MAX_FILE", 1000)
    server.files[ORIGINAL] = b"x" * 1001
    with pytest.raises(DataError, match="1,001 bytes, more than 1,000: refused"):
        server.network(tmp_path).fetch(PLAIN)
    assert server.network(tmp_path)._path(PLAIN).exists() is False


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_is_no_zip_is_refused_and_not_kept(
    tiny: Tiny, server: Server, tmp_path: Path, ranges: bool
) -> None:
    server.files[ZIP], server.ranges = b"not a zip at all" * 100, ranges
    found, _ = collect(tiny, server, tmp_path)
    assert "is not a zip" in str(found[0])
    server.files[ZIP] = tiny_zip(tiny)
    assert_right(tiny, collect(tiny, server, tmp_path)[0])


# -- hostile zips --------------------------------------------------------------------------------


def _link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def _fetch_member(server: Server, cache: Path, data: bytes) -> bytes:
    server.files[ZIP] = data
    return server.network(cache).fetch(
        Remote("m", "https://www.thedatum.org/datasets/TSB-UAD-Public.zip", "Tiny/0.test.out")
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../Tiny/0.test.out", "outside of its folder"),
        ("/etc/Tiny/0.test.out", "outside of its folder"),
        ("..\\Tiny\\0.test.out", "outside of its folder"),
        ("C:/Tiny/0.test.out", "outside of its folder"),
        ("__MACOSX/Tiny/0.test.out", "has no member"),
        ("NotTiny/0.test.out", "has no member"),
    ],
)
def test_members_with_hostile_names(server: Server, tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        _fetch_member(server, tmp_path, make_zip({name: b"1,0\n"}))


def test_of_two_members_the_one_nearest_to_the_top_is_taken() -> None:
    packed = make_zip({"Top/old/Tiny/x.out": b"old", "Top/Tiny/x.out": b"new", "__MACOSX/Tiny/._x.out": b"none"})
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert read_member(archive, "Tiny/x.out", "a zip") == b"new"
        assert files_in(archive, "Tiny") == ["x.out"]


def test_links_bombs_and_encrypted_members(server: Server, tmp_path: Path) -> None:
    name = "Tiny/0.test.out"
    with pytest.raises(DataError, match="is a link"):
        _fetch_member(server, tmp_path, make_zip({name: b"/etc/passwd"}, _link))
    with pytest.raises(DataError, match="a zip bomb"):
        _fetch_member(server, tmp_path, make_zip({name: b"0" * (5 << 20)}))
    locked = bytearray(make_zip({name: b"1,0\n"}))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1  # flag bits of the directory entry
    with pytest.raises(DataError, match="is encrypted"):
        _fetch_member(server, tmp_path, bytes(locked))


def test_a_quiet_series_is_no_bomb(server: Server, tmp_path: Path) -> None:
    quiet = b"-1,0\n" * 100_000  # packs 400 to 1, as the constant telemetry of NASA-MSL does
    assert _fetch_member(server, tmp_path, make_zip({"Tiny/0.test.out": quiet})) == quiet


def test_a_member_that_lies_about_its_size_or_is_damaged(server: Server, tmp_path: Path) -> None:
    good = make_zip({"Tiny/0.test.out": b"1,0\n" * 1000})
    entry = good.index(b"PK\x01\x02")
    lying = bytearray(good)
    lying[entry + 24 : entry + 28] = struct.pack("<I", 12)  # the declared unpacked size
    damaged = bytearray(good)
    damaged[60] ^= 0xFF
    for data in (lying, damaged):
        with pytest.raises(DataError, match=r"damaged|another size"):
            _fetch_member(server, tmp_path, bytes(data))


def test_nothing_is_written_outside_the_cache(tiny: Tiny, server: Server, tmp_path: Path) -> None:
    cache = tmp_path / "deep" / "cache"
    server.files[ZIP] = make_zip({f"../../Tiny/{name}": tiny.text(name) for name in tiny.series_names()})
    collect(tiny, server, cache)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_probe_for_a_name_does_not_wait_for_a_slow_name_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr("datasets.core.http_client.socket.getaddrinfo", lambda *_: release.wait(30))
    monkeypatch.setattr("requests.utils.get_environ_proxies", lambda *_: {})
    with pytest.raises(Unreachable, match="name cannot be resolved"):
        Network(tmp_path, connect_timeout=0.05).fetch(PLAIN)
    release.set()
