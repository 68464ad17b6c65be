"""Sources of series: scripted hosts, folders, the cache, original files, simulations."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import requests
from urllib3 import HTTPResponse

import datasets
from datasets import Archive, DataError, Facts, FolderDataset, Network, Remote, Series, SeriesStatus
from datasets.core.archive import check_recorded_fingerprint
from datasets.core.base import Arrays
from datasets.core.http_client import Http
from datasets.core.local import folders
from datasets.core.tsb_uad import fingerprint, read_bytes, write_file
from datasets.core.zip_file import files_in, read_member
from tests.whole import Subject
from tests.whole.kept import array, cleaned, runs

SITE, ZIP = "original.example", "www.thedatum.org/datasets/TSB-UAD-Public.zip"
FILE = Remote("tiny.bin", f"https://{SITE}/tiny.bin")
Answer = Callable[["Host", str, dict[str, str]], "tuple[int, dict[str, str], bytes] | Exception"]


class Tiny(datasets.Dataset):
    """Two series of 60 points, one with a training part."""

    name = "Tiny"
    series = (Facts("0.test.out", 60, 5, 1), Facts("1.test.out", 60, 5, 1, 20))

    def arrays(self, series: str) -> Arrays:
        k = int(series[0])
        labels = np.zeros(60, dtype=np.uint8)
        labels[30:35] = 1
        return np.arange(60) % 7 + 0.5 * k, labels, (np.arange(20) % 7 + 0.0 if k else None)

    def originals(self, series: str) -> tuple[Remote, ...]:
        return (FILE,) if series[0] == "0" else ()

    def convert(self, series: str, files: Any) -> Arrays:
        return np.frombuffer(files["tiny.bin"], dtype="<f8").copy(), self.arrays(series)[1], None

    def _simulate(self, facts: Facts, seed: int) -> Arrays:
        return np.full(60, float(seed)), self.arrays(facts.name)[1], None


@dataclass
class Host:
    """What is served and how badly, and what was asked of it."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    etag: str = '"v1"'
    cuts: list[int] = field(default_factory=list)  # bytes after which the next answers break
    first: list[Any] = field(default_factory=list)  # answers before the right ones
    asked: list[str] = field(default_factory=list)

    def open(self, url: str, headers: dict[str, str]) -> requests.Response:
        place = url.partition("://")[2]
        wanted = {k: v for k, v in headers.items() if k != "Accept-Encoding"}
        self.asked.append(f"{url} {wanted or ''}".strip())
        if self.first:
            answer = self.first.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return _response(*answer)
        if place not in self.files:
            return _response(404, {}, b"")
        data, sent = self.files[place], {"ETag": self.etag} if self.etag else {}
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", ""))
        if found and self.ranges and headers.get("If-Range", self.etag) == self.etag:
            start, stop = int(found[1]), min(int(found[2] or len(data) - 1) + 1, len(data))
            sent["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
            data = data[start:stop]
        sent["Content-Length"] = str(len(data))
        body = data[: self.cuts.pop(0)] if self.cuts else data
        return _response(206 if "Content-Range" in sent else 200, sent, body)


def _response(status: int, headers: dict[str, str], body: bytes) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers.update(headers)
    made.raw = HTTPResponse(io.BytesIO(body), headers, status, preload_content=False, enforce_content_length=True)
    return made


@contextmanager
def served(host: Host, known: bool = True) -> Iterator[None]:
    """All hosts are this one."""
    with (
        mock.patch.object(Http, "_open", lambda self, url, headers: host.open(url, headers)),
        mock.patch("datasets.core.http_client._resolves", return_value=known),
    ):
        yield


def make_zip(members: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    """Stored, not packed: bytes that no version of a compressor changes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            if change:
                change(info)
            archive.writestr(info, data)
    return buffer.getvalue()


def text_of(arrays: Arrays) -> bytes:
    return "".join(f"{float(v)!r},{n}\n" for v, n in zip(*arrays[:2], strict=True)).encode()


def tiny_zip(top: str = "TSB-UAD-Public/") -> bytes:
    tiny = Tiny()
    members = {f"{top}Tiny/{name}": text_of(tiny.arrays(name)) for name in tiny.series_names()}
    train = tiny.arrays("1")[2]
    assert train is not None
    members[f"{top}Tiny/1.train.out"] = "".join(f"{v!r},0\n" for v in train.tolist()).encode()
    return make_zip({f"{top}Other/{k}.out": b"0,0\n" * 90_000 for k in range(3)} | members)


def told(action: Callable[[], Any]) -> str:
    """What an action returns, or how it is refused."""
    try:
        found = action()
    except (DataError, requests.RequestException) as error:
        return re.sub(r"\(\('Connection broken.*?\)\)", "(CUT)", f"{type(error).__name__}: {error}")
    if isinstance(found, bytes):
        return f"{len(found)} bytes, {found[:4]!r} .. {found[-4:]!r}"
    return _series(found) if isinstance(found, Series | DataError) else str(found)


def _series(one: Series | DataError) -> str:
    if isinstance(one, DataError):
        return f"{type(one).__name__} of {one.dataset}/{one.series}: {one}"
    train = "" if one.train is None else f", train {array(one.train, 2)}"
    return f"{one.dataset}/{one.name} {one.source}: {array(one.values, 2)}; labels {runs(one.labels)}{train}"


def datasets_downloads(folder: Path) -> str:
    """One file and a zip from hosts that serve, break off, change, send elsewhere and lie; what is asked of them."""
    data = bytes(range(256)) * 120
    place = FILE.url.partition("://")[2]
    moved = lambda where: (302, {"Location": where}, b"")  # noqa: E731
    wait = requests.ConnectTimeout("nobody")
    broken = requests.ConnectionError("reset by peer")
    cases: dict[str, tuple[Host, dict[str, Any]]] = {
        "served": (Host({place: data}), {}),
        "cut twice": (Host({place: data}, cuts=[9000, 9000]), {}),
        "cut, without a tag": (Host({place: data}, cuts=[9000], etag=""), {}),
        "cut, with a weak tag": (Host({place: data}, cuts=[9000], etag='W/"v1"'), {}),
        "cut, no ranges": (Host({place: data}, cuts=[9000], ranges=False), {}),
        "cut at once": (Host({place: data}, cuts=[0, 0, 0, 0]), {}),
        "busy twice": (Host({place: data}, first=[(503, {}, b""), (429, {}, b"")]), {}),
        "busy": (Host({place: data}, first=[(500, {}, b"")] * 3), {}),
        "reset once": (Host({place: data}, first=[broken]), {}),
        "nobody": (Host({place: data}, first=[wait]), {}),
        "absent": (Host(), {}),
        "a login": (Host(first=[(200, {"Content-Type": "text/html; charset=x"}, b"")]), {}),
        "a login unnamed": (Host({place: b"  <!DOCTYPE html><p>"}), {}),
        "www": (Host({place: data, f"www.{place}": data}, first=[moved(f"https://www.{place}")]), {}),
        "beside": (Host({f"{SITE}/new": data}, first=[moved("new")]), {}),
        "elsewhere": (Host(first=[moved("https://evil.example/tiny.bin")]), {}),
        "elsewhere, known": (Host({"cdn.example/x": data}, first=[moved("https://cdn.example/x")]), {}),
        "another port": (Host(first=[moved(f"https://{SITE}:99/tiny.bin")]), {}),
        "plain": (Host(first=[moved(f"http://{SITE}/tiny.bin")]), {}),
        "in a circle": (Host(first=[moved("tiny.bin")] * 5), {}),
        "too large": (Host({place: data * 3}), {}),
        "longer than told": (Host(first=[(200, {}, data * 3)]), {}),
        "without its length": (Host(first=[(200, {}, data)]), {}),
        "too slow": (Host({place: data}), {"file_timeout": -1.0}),
        "offline": (Host(), {"offline": True}),
        "mirror": (Host({f"mirror.example/m/{place}": data}), {"base_url": "https://mirror.example/m/"}),
        "mirror here": (Host({f"127.0.0.1/{place}": data}), {"base_url": "http://127.0.0.1"}),
        "plain mirror": (Host(), {"base_url": "http://mirror.example"}),
    }
    parts = []
    with mock.patch("datasets.core.download.MAX_FILE", 2 * len(data)):
        for title, (host, options) in cases.items():
            network = Network(folder / title, tries=3, pause=0.0, **options)
            remote = Remote(FILE.name, FILE.url, redirect_hosts=("cdn.example",))
            with served(host):
                said = [told(lambda network=network, remote=remote: network.fetch(remote)) for _ in range(2)]
            left = sorted(f"{p.name} {p.stat().st_size}" for p in (folder / title).rglob("*") if p.is_file())
            parts += [f"## {title}: {said[0]}", *(said[1:] if said[1] != said[0] else []), *host.asked, *left]
            if title == "cut at once":
                host.cuts[:] = [9000, 50, 50, 50]
                for _ in range(2):  # a later run goes on where this one ended
                    with served(host):
                        later = Network(folder / title, tries=3, pause=0.0)
                        parts += [f"later: {told(lambda later=later: later.fetch(FILE))}", *host.asked[4:]]
        with served(Host(), known=False):
            network = Network(folder / "unknown", pause=0.0)
            parts += [told(lambda: network.fetch(FILE)), told(lambda: network.members(f"https://{SITE}/z.zip", "Tiny"))]
    return cleaned("\n".join(parts), folder) + "\n"


def datasets_zips(folder: Path) -> str:
    """Members of a zip over the net and of zips that nobody vouches for."""
    parts = []
    for title, host in {
        "ranges": Host({ZIP: tiny_zip()}),
        "whole": Host({ZIP: tiny_zip("")}, ranges=False),
        "cut": Host({ZIP: tiny_zip("a/b/")}, cuts=[1, 5]),
        "no zip": Host({ZIP: b"PK nothing"}),
        "no zip whole": Host({ZIP: b"PK nothing"}, ranges=False),
        "stops": Host(
            {ZIP: tiny_zip()}, first=[(206, {"Content-Range": f"bytes 0-0/{len(tiny_zip())}"}, b"P"), (200, {}, b"all")]
        ),
    }.items():
        network = Network(folder / title, tries=2, pause=0.0)
        with served(host):
            for member in ("Tiny/0.test.out", "Tiny/1.train.out", "Tiny/2.test.out"):
                remote = Remote("x", f"https://{ZIP}", member)
                parts += [f"{title} {member}: {told(lambda network=network, remote=remote: network.fetch(remote))}"]
            parts += [f"{title}: {told(lambda network=network: network.members(f'https://{ZIP}', 'Tiny'))}"]
        left = sorted(f"{p.name} {p.stat().st_size}" for p in (folder / title).rglob("*") if p.is_file())
        parts += [host.asked[0], *left]  # which ranges are asked for is zipfile's choice
    network = Network(folder / "part", tries=2, pause=0.0)
    host = Host({ZIP: bytes(range(256)) * 99}, cuts=[9000, 0, 9000, 5000])
    with served(host):
        parts += [told(lambda: network.read_range(Remote("x", f"https://{ZIP}"), 1000, 21_000)), *host.asked]

    def link(info: zipfile.ZipInfo) -> None:
        info.external_attr = 0o120777 << 16

    def folded(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_DEFLATED

    hostile = {
        "up": make_zip({"../Tiny/a": b"1"}),
        "root": make_zip({"/Tiny/a": b"1"}),
        "drive": make_zip({"c:/Tiny/a": b"1"}),
        "link": make_zip({"Tiny/a": b"1"}, link),
        "bomb": make_zip({"Tiny/a": bytes(3 << 20)}, folded),
        "small": make_zip({"Tiny/a": bytes(1 << 19)}, folded),
        "mac": make_zip({"__MACOSX/Tiny/a": b"2", "top/Tiny/a": b"33", "x/y/Tiny/a": b"444"}),
        "damaged": make_zip({"Tiny/a": b"1234567890"}).replace(b"1234567890", b"1234567899"),
        "other": make_zip({"Tiny/b": b"1", "xTiny/a": b"1"}),
    }
    for title, data in hostile.items():
        archive = zipfile.ZipFile(io.BytesIO(data))
        found = told(lambda archive=archive: read_member(archive, "Tiny/a", "z.zip"))
        parts += [f"{title}: {re.sub('to [0-9,]+ bytes', 'to # bytes', found)}; files {files_in(archive, 'Tiny')}"]
    return cleaned("\n".join(parts), folder) + "\n"


def datasets_resolved(folder: Path) -> str:
    """A series from the net, the cache, a local folder or a simulation: what is taken, said and refused."""
    tiny, parts = Tiny(), []
    known = {"Tiny": {name: fingerprint(tiny.arrays(name)) for name in tiny.series_names()}}
    original = tiny.arrays("0")[0].astype("<f8").tobytes()
    local = folder / "local"
    for name in tiny.series_names():
        write_file(local / "Tiny" / name, *tiny.arrays(name)[:2])
    write_file(local / "Tiny" / "1.train.out", tiny.arrays("1")[2], [0] * 20)  # type: ignore[arg-type]
    moved = folder / "moved" / "TSB-UAD-Public" / "Tiny"
    write_file(moved / "0.test.out", tiny.arrays("0")[0] + 1e-8, tiny.arrays("0")[1])
    write_file(moved / "1.test.out", tiny.arrays("1")[0], tiny.arrays("0")[1])
    raw = folder / "raw"
    (raw / "raw").mkdir(parents=True)
    (raw / "raw" / "tiny.bin").write_bytes(original)
    wrong = tiny_zip().replace(b"0.5,0\n", b"0.7,0\n")

    def ask(title: str, host: Host, cache: str = "cache", **options: Any) -> None:
        said: list[str] = []
        network = Network(folder / cache, tries=2, pause=0.0)
        where = {"cache_dir": folder / cache, "announce": said.append, "network": network} | options
        with served(host):
            try:
                found = [_series(one) for one in datasets.iter_series(tiny, **where)]  # type: ignore[arg-type]
            except DataError as error:
                found = [f"{type(error).__name__} of {error.dataset}: {error}"]
        parts.extend([f"## {title}", *found, *(f"| {line}" for line in said), *host.asked[:1]])

    with mock.patch("datasets.core.tsb_uad.fingerprints", return_value=known):
        ask("zip", Host({ZIP: tiny_zip()}))
        ask("cache", Host())
        (folder / "cache" / "TSB-UAD-Public" / "Tiny" / "0.test.out").write_text("1,0\n2,1\n")
        ask("cache damaged", Host({FILE.url.partition("://")[2]: original}))
        ask("publisher", Host({FILE.url.partition("://")[2]: original}), "second")
        ask("nothing", Host(), "third")
        ask("nothing, real", Host(), "third", mode="real")
        ask("wrong zip", Host({ZIP: wrong}), "fourth", mode="real")
        ask("simulated", Host(), mode="simulated", seed=3, names=["1.test.out"])
        ask("local", Host(), data_dir=local)
        ask("local, parent", Host(), data_dir=folder / "moved")
        ask("local, named", Host(), data_dir=local / "Tiny", names=["0.test.out"])
        ask("local, raw", Host(), data_dir=raw)
        ask("no folder", Host(), data_dir=folder / "none")
        ask("no mode", Host(), mode="reel")
        ask("no series", Host(), names=["2.test.out"])
        for where in (
            {"data_dir": local},
            {"data_dir": folder / "moved"},
            {"cache_dir": folder / "cache"},
            {"cache_dir": folder / "third"},
        ):
            parts += [
                f"status {[(k, v.name) for k, v in where.items()]}: {_row(row)}"
                for row in datasets.status(tiny, **where)
            ]  # type: ignore[arg-type]
        parts += [
            f"places {[str(p.relative_to(folder)) for p in folders(root, tiny)]}" for root in (local, local / "Tiny")
        ]
    return cleaned("\n".join([*parts, *_archives(folder), *_folders(folder)]), folder) + "\n"


def _row(row: SeriesStatus) -> str:
    return f"{row.series} {row.source} {row.n} {row.n_anomalous} {row.check!r} {row.problem}"


def _archives(folder: Path) -> list[str]:
    """Collections of which a part is at hand, and series that have changed since."""
    parts: list[str] = []
    made = (
        Archive("Pumps", "Pumps", (Facts("a.csv"), Facts("b.out"), Facts("c.csv"))),
        Archive("Pumps", "Pumps", count=5, with_train=True, home="P", zip_url=f"https://{SITE}/p.zip"),
    )
    for archive in made:
        here = folder / "archive" / archive.home
        here.mkdir(parents=True)
        for name in ("b.out", "a.csv", "z.csv", "a.train.csv", ".hidden.csv", "notes.md"):
            (here / name).write_text("1,0\n2,1\n")
        packed = make_zip({f"{archive.home}/{name}": b"1,0\n2,1\n" for name in ("a.csv", "c.csv", "a.train.csv")})
        for title, data_dir, host in (
            ("local", folder / "archive", Host()),
            ("empty", folder, Host()),
            ("net", None, Host({f"{SITE}/p.zip": packed, ZIP: packed})),
            ("none", None, Host()),
        ):
            said: list[str] = []
            network = Network(folder / title, tries=1, pause=0.0)
            with served(host):
                cache = folder / ("archive" if title == "none" and archive.count == 5 else "nothing")
                parts += [
                    f"{archive.home} {title}: {told(lambda archive=archive, data_dir=data_dir, cache=cache, network=network, said=said: archive.located(data_dir, cache, network, said.append).series_names())} {said}"
                ]
    parts += [told(lambda: archive.simulate("a.csv"))]
    arrays: Arrays = (np.arange(3.0), np.array([0, 1, 0], dtype=np.uint8), None)
    for shift in (0.0, 0.0, 1.0):
        parts += [
            told(
                lambda shift=shift: check_recorded_fingerprint(
                    folder, "Pumps", "a.csv", (arrays[0] + shift, *arrays[1:])
                )
            )
        ]
    return [*parts, re.sub("[0-9a-f]{64}", "HASH", (folder / "fingerprints" / "Pumps.json").read_text())]


def _folders(folder: Path) -> list[str]:
    """A user's own folder: training parts, and what is refused."""
    here = folder / "MGAB"
    parts = [told(lambda: FolderDataset(here))]
    here.mkdir()
    parts += [told(lambda: FolderDataset(here))]
    for name, text in {
        "a.test.csv": "v,l\n1,0\n2,1\n",
        "a.train.csv": "1,0\n2,0\n",
        "b.train.txt": "1,0\n2,1\n",
        "c.out": "1,0\n2,0\n",
        "d.out": "1,1\n",
        "e.test.out": "1,0\n2,1\n",
        "e.train.out": "1,1\n",
    }.items():
        (here / name).write_text(text)
    own = FolderDataset(here)
    parts += [f"{own.name}, {own.title}: {own.series_names()}, {FolderDataset(here, 'x').name}"]
    parts += [told(lambda name=name: own.read(name)) for name in (*own.series_names(), "f.out")]
    parts += [
        told(lambda: own.simulate("c.out")),
        told(lambda: datasets.load(str(folder / "local" / "Tiny"), "0.test.out", announce=parts.append)),
    ]
    return parts


def _ours(error: DataError) -> str:
    """A message without what Python or numpy says in it."""
    return (
        re.sub(r"(row \d+): .*?;", r"\1: WHY;", str(error))
        if "row" in str(error) and ";" in str(error)
        else re.sub(r" \(.*\)", " (WHY)", str(error))
    )


def datasets_converted(folder: Path) -> str:
    """The publishers' own files, right and broken; simulations of every data set."""
    import gzip

    parts = []

    def convert(name: str, series: str, **files: bytes) -> None:
        given = {key.replace("__", "/").replace("_", ".", 1).replace("C.1", "C-1"): data for key, data in files.items()}
        try:
            values, labels, train = datasets.get(name).convert(series, given)
            parts.append(
                f"{name} {series}: {array(values)}; labels {runs(labels)}; {None if train is None else array(train)}"
            )
        except DataError as error:
            parts.append(f"{name} {series}: {_ours(error)}")

    counts = "".join(f"4/10/2005 {m // 12}:{m % 12 * 5:02},{-1 if m in (0, 9) else m}\n" for m in range(40)).encode()
    games = b"04/10/05,00:10:00,00:20:00,1,A,W 1-0\n04/10/05,01:31:00,01:44:59,2,B,L 0-1"
    for data, events in (
        (counts, games),
        (counts, b""),
        (b"4/10/2005,1", games),
        (counts, b"04/10/05,0:10"),
        (b"4/10/2005 0:00,x", b""),
    ):
        convert("Dodgers", "101-freeway-traffic.test.out", Dodgers_data=data, Dodgers_events=events)
    flags = [int(100 <= k < 141 or 300 <= k < 320) for k in range(400)]
    table = "\n".join(
        [",value,is_anomaly,is_ignored", *(f"{k},{k / 7!r},{flag},0" for k, flag in enumerate(flags))]
    ).encode()
    for text in (table, table[1:], table + b"\n401,x,0,0", b"", table + b"\n401"):
        values = datasets.get("MGAB")
        try:
            found = values.convert("3.test.out", {"3.csv": text})
            parts += [f"MGAB: {array(found[0])}; labels {runs(found[1])}"]
        except DataError as error:
            parts += [f"MGAB: {_ours(error)}"]
    rows = [
        "Timestamp,Label,a,b,c",
        *(f"{k},{int(k in (3, 4)) + (k == 7) * 2},{k},{k * 10},{k * 100}" for k in range(9)),
    ]
    plain = "\n".join(rows).encode()
    for data in (
        plain,
        gzip.compress(plain),
        gzip.compress(plain)[:-9],
        plain[1:],
        plain + b"\n1,2",
        plain + b"\n1,0,x,x,x",
    ):
        for k in (1, 3):
            try:
                found = datasets.get("Genesis").convert(
                    f"genesis-anomalies.test.csv@{k}.out", {"Genesis_AnomalyLabels.csv": data}
                )
                parts += [f"Genesis {k}: {array(found[0])}; labels {runs(found[1])}"]
            except DataError as error:
                parts += [f"Genesis {k}: {_ours(error)}"]
    buffers = {}
    for title, values_ in {
        "good": np.arange(20.0).reshape(10, 2),
        "flat": np.arange(4.0),
        "objects": np.array([[None]]),
    }.items():
        buffer = io.BytesIO()
        np.save(buffer, values_, allow_pickle=True)
        buffers[title] = buffer.getvalue()
    buffers |= {"cut": buffers["good"][:-8], "none": b""}
    labels = b'chan_id,spacecraft,anomaly_sequences,class,num_values\nC-1,SMAP,"[[0, 1]]",x,1\nC-1,MSL,"[[2, 4], [7, 7]]",x,1\nC-2,MSL,"[[2]]",x,1\n'
    for test, train_, listed, channel in (
        ("good", "good", labels, "C-1"),
        ("flat", "good", labels, "C-1"),
        ("good", "objects", labels, "C-1"),
        ("cut", "good", labels, "C-1"),
        ("none", "good", labels, "C-1"),
        ("good", "good", labels, "C-2"),
        ("good", "good", b"", "C-1"),
    ):
        given = {
            f"test/{channel}.npy": buffers[test],
            f"train/{channel}.npy": buffers[train_],
            "labeled_anomalies.csv": listed,
        }
        try:
            found = datasets.get("NASA-MSL").convert(f"{channel}.test.out", given)
            parts += [f"MSL {test}: {array(found[0])}; labels {runs(found[1])}; train {array(found[2])}"]
        except DataError as error:
            parts += [f"MSL {test} {train_}: {_ours(error)}"]
    for name in ("Dodgers", "MGAB", "NASA-MSL", "Genesis"):
        dataset = datasets.get(name)
        for one in dataset.series[:: 5 if name == "NASA-MSL" else 1][: 6 if name != "MGAB" else 1]:
            parts += [
                f"{remote.name} of {remote.url} {remote.member} {remote.redirect_hosts}"
                for remote in dataset.originals(one.name)
            ]
            for seed in (0, 5):
                parts += [_series(dataset.simulate(one.name, seed))]
    for text in (
        b"\xef\xbb\xbf1,0\n2,1",
        b"1,0\r\n2,1\r\n",
        b"1,0,\n",
        b"1_0,0\n",
        b"a,b\n1,0\n,1\nNaN,0\n3,True\n",
        b"1e999,0\n",
        b"\xff,0\n",
        b"1,0\n\n",
        b" 1 , 1 \n",
        b"a,b\n",
    ):
        for header in (False, True):
            parts += [
                f"{text!r} {header}: {told(lambda text=text, header=header: [a.tolist() for a in read_bytes(text, 'f.csv', header=header, drop_missing=header)])}"
            ]
    return cleaned("\n".join(parts), folder) + "\n"


SUBJECTS: dict[str, Subject] = {
    s.__name__: s for s in (datasets_downloads, datasets_zips, datasets_resolved, datasets_converted)
}
