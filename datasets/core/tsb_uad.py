"""Read, write and check files in TSB-UAD's public layout: ``value,label`` lines without a header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from datasets.core.base import Arrays, DataError, Facts

FOLDER = "TSB-UAD-Public"
MAX_BYTES = 256 << 20  # about ten million points: a larger file is no series, or too large for a laptop
BLOCK_BYTES = 4 << 20  # bytes parsed at a time, so that a large file needs little memory besides its arrays

Check = Literal["exact", "6 decimals", "unknown"]


def read_file(
    path: Path, *, header: bool = False, drop_missing: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Read a ``value,label`` file.

    Parameters
    ----------
    path : Path
    header : bool
        Skip a first line in which neither column is a number.
    drop_missing : bool
        Drop rows whose value is empty or NaN.

    Returns
    -------
    values : (n,) float64 array, finite
    labels : (n,) uint8 array of 0 and 1

    Raises
    ------
    DataError
        If the file cannot be used; the message names the file, the row (counted from 1) and the next step.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pump = pathlib.Path(folder, "pump.csv")
    ...     _ = pump.write_text("Data,Label\\n0.5,0\\n,0\\n9.0,1\\n")
    ...     datasets.read_file(pump, header=True, drop_missing=True)
    (array([0.5, 9. ]), array([0, 1], dtype=uint8))
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path} has {size:,} bytes, more than {MAX_BYTES:,}: split it into several series")
        with path.open("rb") as stream:
            return read_stream(stream, str(path), header=header, drop_missing=drop_missing)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror or error}): copy it again or correct its permissions"
        ) from error


def read_bytes(
    data: bytes, where: str, *, header: bool = False, drop_missing: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Do what :func:`read_file` does for a file in memory; ``where`` names it in messages."""
    return read_stream(BytesIO(data), where, header=header, drop_missing=drop_missing)


def read_stream(
    stream: BinaryIO, where: str, *, header: bool = False, drop_missing: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Do what :func:`read_file` does for an open binary stream."""
    blocks: list[NDArray[np.float64]] = []
    row = 1
    if stream.read(3) != b"\xef\xbb\xbf":  # the byte order mark of UTF-8, which spreadsheets write
        stream.seek(0)
    while lines := stream.readlines(BLOCK_BYTES):
        if row == 1 and header and not any(_is_number(part) for part in lines[0].split(b",")):
            lines, row = lines[1:], 2
        if lines:
            blocks.append(_parse(lines, where, row, drop_missing))
            row += len(lines)
    if not blocks:
        raise DataError(f"{where} is empty: copy or download it again")
    table = np.concatenate(blocks)
    return np.ascontiguousarray(table[:, 0]), table[:, 1].astype(np.uint8)


def _parse(lines: list[bytes], where: str, first_row: int, drop_missing: bool) -> NDArray[np.float64]:
    """Parse a block of lines to an (n, 2) table; after any fault a slower search finds the row."""
    whole = dict(enumerate(lines, first_row))
    if drop_missing:
        whole = {row: line for row, line in whole.items() if not _is_missing(line)}
        lines = list(whole.values())
        if not lines:
            return np.empty((0, 2))
    if not all(line.count(b",") == 1 for line in lines):
        _raise_first_fault(whole, where)
    try:
        table = np.array([float(part) for part in b",".join(lines).split(b",")]).reshape(-1, 2)
    except ValueError:
        _raise_first_fault(whole, where)
    labels_right = ((table[:, 1] == 0) | (table[:, 1] == 1)).all()
    if not (np.isfinite(table[:, 0]).all() and labels_right) or any(b"_" in line for line in lines):
        _raise_first_fault(whole, where)
    return table


def _is_missing(line: bytes) -> bool:
    return line.partition(b",")[0].strip().lower() in (b"", b"nan")


def _raise_first_fault(lines: dict[int, bytes], where: str) -> NoReturn:
    """Raise DataError for the first invalid line."""
    for row, line in lines.items():
        fault = _fault(line)
        if fault:
            raise DataError(f"{where}, row {row}: {fault}")
    raise AssertionError(f"{where}: a block was refused in which all rows are valid")


def _fault(line: bytes) -> str:
    """Return the fault of a line and the next step, ``""`` if the line is valid."""
    try:
        parts = line.decode("utf-8").strip().split(",")
    except UnicodeDecodeError:
        return "is not UTF-8 text: save the file as plain UTF-8 or ASCII"
    shown = ascii(line[:40].decode("utf-8", "replace").strip())
    if parts == [""]:
        return "is empty: delete the line, or copy the file again if it was cut"
    if len(parts) != 2:
        return f"has {len(parts)} columns, expected 2 (value,label): {shown}"
    value, label = parts
    if not _is_number(value.encode()):
        return f"the value {value[:40]!a} is not a number: remove a header line, or copy the file again"
    if not np.isfinite(float(value)):
        return f"the value is {value.strip()[:40]}: fill or drop missing values, every value must be finite"
    if not _is_number(label.encode()) or float(label) not in (0.0, 1.0):
        return f"the label is {label.strip()[:40]!a}, expected 0 (normal) or 1 (anomalous)"
    return ""


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return b"_" not in text  # Python accepts 1_000, other programs do not


def write_file(path: Path, values: Iterable[float], labels: Iterable[int]) -> None:
    """Write a ``value,label`` file atomically; :func:`read_file` reads it back to the same bits."""
    text = "".join(f"{float(value)!r},{int(label)}\n" for value, label in zip(values, labels, strict=True))
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically, so that an interrupted run leaves no partial file."""
    import os
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def check_labels(labels: NDArray[np.uint8], where: str) -> None:
    """Raise DataError if all labels are equal, because ranking metrics are then undefined.

    Examples
    --------
    >>> import numpy as np
    >>> import datasets
    >>> datasets.check_labels(np.array([0.0, 1.0]), "pump.csv")
    """
    if not labels.any():
        raise DataError(f"{where} has no anomaly: every label is 0, and no metric is defined; use a labelled series")
    if labels.all():
        raise DataError(f"{where} has no normal point: every label is 1; use a series with both kinds")


def check_train(labels: NDArray[np.uint8], where: str) -> None:
    """Raise DataError if training values are labelled anomalous.

    Examples
    --------
    >>> import numpy as np
    >>> import datasets
    >>> datasets.check_train(np.array([0, 0], dtype=np.uint8), "pump.train.csv")
    """
    if labels.any():
        row = int(np.flatnonzero(labels)[0]) + 1
        raise DataError(f"{where}, row {row}: a training file must not have anomalies; cut them out or remove the file")


def check_facts(arrays: Arrays, facts: Facts, where: str) -> None:
    """Raise DataError if lengths or number of labels are not the published ones, or if all labels are equal."""
    values, labels, train = arrays
    lengths = [(len(values), facts.n, "rows"), (0 if train is None else len(train), facts.n_train, "training rows")]
    for got, known, what in lengths:
        if known and got != known:
            cause = "the file was cut" if got < known else "it is another file"
            raise DataError(f"{where} has {got:,} {what}, expected {known:,}: {cause}; copy or download it again")
    check_labels(labels, where)
    n_anomalous = int(labels.sum())
    if facts.n_anomalous and n_anomalous != facts.n_anomalous:
        raise DataError(
            f"{where} has {n_anomalous:,} anomalous rows, expected {facts.n_anomalous:,}: "
            "its labels were changed; copy or download it again"
        )


# -- fingerprints: the package has only hashes of the series, which are published elsewhere ------


@cache
def fingerprints() -> dict[str, dict[str, dict[str, str]]]:
    """Return ``{data set: {series: {hash kind: SHA-256}}}`` of the real series."""
    text = Path(__file__).parents[1].joinpath("fingerprints.json").read_text(encoding="utf-8")
    known: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    return known


def fingerprint(arrays: Arrays) -> dict[str, str]:
    """Return hashes of a series: of the exact values, and of the values rounded to 6 decimals.

    The second identifies copies with fewer digits: the values of some mirrors differ by less than 1e-15.

    Examples
    --------
    >>> import numpy as np
    >>> import datasets
    >>> hashes = datasets.fingerprint((np.array([0.5, 1.5]), np.array([0, 1], dtype=np.uint8), None))
    >>> {kind: value[:8] for kind, value in hashes.items()}
    {'sha256': 'ca028fd9', 'sha256_6': 'ca028fd9'}
    """
    values, labels, train = arrays
    hashes = {"sha256": _sha256(values, labels), "sha256_6": _sha256(_rounded(values), labels)}
    if train is not None:
        hashes |= {"train_sha256": _sha256(train), "train_sha256_6": _sha256(_rounded(train))}
    return hashes


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(values, 6) + 0.0  # + 0.0 turns -0.0 into 0.0


def _sha256(values: NDArray[np.float64], labels: NDArray[np.uint8] | None = None) -> str:
    h = hashlib.sha256(np.ascontiguousarray(values, dtype="<f8").tobytes())
    if labels is not None:
        h.update(np.ascontiguousarray(labels, dtype=np.uint8).tobytes())
    return h.hexdigest()


def check_fingerprint(dataset: str, series: str, arrays: Arrays, where: str) -> Check:
    """Compare a series with the hashes of the published one; "unknown" if the package has none.

    Raises
    ------
    DataError
        If the content is not the published one.
    """
    known = fingerprints().get(dataset, {}).get(series)
    if known is None:
        return "unknown"
    found = fingerprint(arrays)
    answers: dict[str, Check] = {"sha256": "exact", "sha256_6": "6 decimals"}
    for suffix, answer in answers.items():
        kinds = [kind for kind in known if kind.removeprefix("train_") == suffix]
        if all(found.get(kind) == known[kind] for kind in kinds):
            return answer
    part = "training values" if found["sha256_6"] == known["sha256_6"] else "values or labels"
    raise DataError(
        f"{where} is not {dataset}/{series} as published: the hash of its {part} is wrong; "
        "copy or download it again, or give a changed series another name"
    )
