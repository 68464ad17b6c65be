"""The 44 real series: known facts, hashes, conversion from the originals, and download as a zip file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import datasets
from datasets import Series
from datasets.core.tsb_uad import FOLDER, check_fingerprint, fingerprint, fingerprints
from tests.support.stand_ins import ZIP, Server

pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", datasets.names())
def test_the_real_series_are_as_described_and_hash_to_the_shipped_values(real_data: Path, name: str) -> None:
    found = datasets.iter_series(name, data_dir=real_data)
    for facts, series in zip(datasets.get(name).series, found, strict=True):
        assert isinstance(series, Series), series
        arrays = (series.values, series.labels, series.train)
        assert check_fingerprint(name, series.name, arrays, "x") == "exact"
        assert len(series.segments()) == facts.n_segments


def test_the_fast_reader_gives_what_numpy_gives(real_data: Path) -> None:
    for name, series in (("Dodgers", None), ("NASA-MSL", ["F-5.test.out", "M-6.test.out"]), ("MGAB", ["4.test.out"])):
        for got in datasets.iter_series(name, series, data_dir=real_data):
            assert isinstance(got, Series)
            table = np.loadtxt(real_data / FOLDER / name / got.name, delimiter=",")
            assert got.values.tobytes() == table[:, 0].tobytes()
            assert got.labels.tolist() == table[:, 1].tolist()


@pytest.mark.parametrize("name", ["Dodgers", "Genesis"])
def test_conversion_from_originals_equals_tsb_uad_to_the_bit(real_data: Path, tmp_path: Path, name: str) -> None:
    if not (real_data / "raw" / "Dodgers.data").exists():
        pytest.skip("BENCHMARK_DATA has no raw/ with the publishers' files")
    (tmp_path / "raw").symlink_to(real_data / "raw")  # a folder without TSB-UAD-Public
    made = list(datasets.iter_series(name, data_dir=tmp_path))
    copied = list(datasets.iter_series(name, data_dir=real_data))
    assert len(made) == len(datasets.get(name).series)
    for one, other in zip(made, copied, strict=True):
        assert isinstance(one, Series)
        assert isinstance(other, Series)
        assert one.sha256 == other.sha256


def test_a_reprint_with_a_digit_less_is_still_recognised(real_data: Path) -> None:
    rng = np.random.default_rng(0)
    for name, only in (("Dodgers", None), ("Genesis", None), ("MGAB", ["1.test.out"]), ("NASA-MSL", None)):
        for series in datasets.iter_series(name, only, data_dir=real_data):
            assert isinstance(series, Series)
            noisy = series.values + rng.uniform(-1e-15, 1e-15, len(series))
            verdict = check_fingerprint(name, series.name, (noisy, series.labels, series.train), "x")
            assert verdict in ("6 decimals", "exact")


def test_one_changed_label_or_value_is_noticed(real_data: Path) -> None:
    series = datasets.load("NASA-MSL", "T-9.test.out", data_dir=real_data)
    known = fingerprints()["NASA-MSL"][series.name]
    for row in (0, len(series) - 1):
        values, labels = series.values.copy(), series.labels.copy()
        values[row] += 1e-4
        assert fingerprint((values, series.labels, series.train))["sha256_6"] != known["sha256_6"]
        labels[row] ^= 1
        assert fingerprint((series.values, labels, series.train))["sha256_6"] != known["sha256_6"]


def test_real_series_through_zip_server_cache(real_data: Path, server: Server, tmp_path: Path) -> None:
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("Genesis", "NASA-MSL"):
            for path in sorted((real_data / FOLDER / name).iterdir()):
                archive.write(path, f"{FOLDER}/{name}/{path.name}")
    server.files[ZIP] = packed.read_bytes()
    network = server.network(tmp_path / "cache")
    for source in ("download", "cache"):
        for name in ("Genesis", "NASA-MSL"):
            for series in datasets.iter_series(name, cache_dir=tmp_path / "cache", network=network, mode="real"):
                assert isinstance(series, Series), series
                assert series.source == source
    rows = datasets.status("NASA-MSL", cache_dir=tmp_path / "cache")
    assert {(row.source, row.check) for row in rows} == {("cache", "exact")}
