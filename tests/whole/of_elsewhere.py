"""Environments of other packages: how they are made and queried, and what runs in them."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from benchmark.adapters import apart, apart_runner, tsb_ad, tsb_ad_runner
from benchmark.adapters.names import Listed
from benchmark.speed import OTHERS
from benchmark.system import environments
from benchmark.system.environments import Environment, EnvironmentMissing
from tests.whole import Subject
from tests.whole.kept import cleaned, command, numbers, shown

KNOWN = (tsb_ad.TSB_AD.environment, apart.HOME.environment, OTHERS)
SMALL = Environment("small", "", ("one==1", "two==2"), ("three==3",), "1 KB")


class Version(NamedTuple):
    """Of a Python."""

    major: int
    minor: int


def _system(*path: str) -> Any:
    """Our Python, wherever the tests run."""
    ours = SimpleNamespace(path=path, executable="OURS", prefix="/", version="3.11.1", version_info=Version(3, 11))
    return mock.patch.object(environments, "sys", ours)


@contextmanager
def _commands(fails: str = "", error: str = "") -> Iterator[list[str]]:
    """Programs are written down instead of run; one whose words hold ``fails`` ends with an error."""
    said: list[str] = []

    def note(words: list[str], **how: Any) -> CompletedProcess[str]:
        said.append("  $ " + " ".join(words))
        if "venv" in words:
            (Path(words[-1]) / "lib/python3/site-packages").mkdir(parents=True)
        if "--facts" in words and not fails:
            Path(words[-1]).write_text(json.dumps({"aeon:X": {"asked": len(said)}}))
        return CompletedProcess(words, int(bool(fails) and fails in " ".join(words)), "", error)

    with mock.patch("subprocess.run", note):
        yield said


def _made(folder: Path, one: Environment, **how: str) -> list[str]:
    """What is run and said as an environment is made, and what then lies in its folder."""
    with _commands(**how) as said, mock.patch.object(environments, "cache_dir", return_value=folder):
        try:
            said.append(f"  its Python {one.interpreter(lambda text: said.append(f'  {text}'))}")
        except EnvironmentMissing as error:
            said.append(f"  missing: {error}")
        files = [f"  {file.name}: {file.read_text()!r}" for file in sorted(one.folder.rglob("*")) if file.is_file()]
        return [line.replace(one.folder.name, f"{one.name}-MARK") for line in [*said, f"  made {one.made}", *files]]


def elsewhere_environments(folder: Path) -> str:
    """Each with its pins; how one is made, made again, and fails to be made."""
    parts = [line for one in KNOWN for line in [one.name, *(f"  {line}" for line in shown(one))]]
    ours = [f"{folder}/ours/site-packages", f"{folder}/dist-packages", f"{folder}/src"]
    with _system(*ours):
        parts += ["made once, then there", *_made(folder, SMALL), *_made(folder, SMALL)]
        parts += ["over ours, nothing alone", *_made(folder, replace(SMALL, name="over", over_ours=True, alone=()))]
        for name, how in (("one", {"error": "a\nno such wheel\n"}), ("three", {}), ("venv", {"error": "  \n"})):
            parts += [f"{name} fails", *_made(folder, replace(SMALL, name=f"broken{len(parts)}"), fails=name, **how)]
        for python, there in (("python3.11", None), ("python3.0", None), ("python3.0", "/usr/bin/python3.0")):
            with mock.patch("shutil.which", return_value=there):
                made = _made(folder, replace(SMALL, python=python, name=f"older{len(parts)}"))
                parts += [f"its Python {python} at {there}", *made]
        marks = {replace(SMALL, **change).folder.name for change in ({}, {"alone": ()}, {"requirements": ("one==1",)}, {"over_ours": True}, {"size": "2 KB"})}  # fmt: skip
    return cleaned("\n".join([*parts, f"{len(marks)} folders: other sizes share one"]) + "\n", folder)


def elsewhere_asked(folder: Path) -> str:
    """When an environment is asked for its detectors, and what is said by the command that makes it."""
    parts: list[str] = []
    home = replace(apart.HOME, environment=SMALL)
    (folder / "cache").mkdir()
    with mock.patch.object(environments, "cache_dir", return_value=folder / "cache"), _system():
        for what, mark, how in (
            ("never asked", "a", {}),
            ("as it was", "a", {}),
            ("other code", "b", {}),
            ("refuses", "c", {"fails": "--facts", "error": "Traceback\nNo module named x\n"}),
            ("refuses without a word", "c", {"fails": "--facts"}),
        ):
            with _commands(**how) as said, mock.patch.object(apart.Home, "_mark", return_value=mark):
                try:
                    said.append(f"  {home.prepare(lambda text, said=said: said.append(f'  {text}'))}")
                except EnvironmentMissing as error:
                    said.append(f"  missing: {error}")
                parts += [what, *said, f"  ready {home.ready}; {home.facts() if home.ready else 'no facts'}"]
        parts += [f"make {home.make}, words {home.words('a', 'b')}"]
    name = SMALL.folder.name
    for said_of in ("tsb-ad", "libraries", "bench"):
        with mock.patch.object(Environment, "interpreter", lambda self, say: Path(self.name)), mock.patch.object(apart.Home, "prepare", lambda self, say: self.environment.name):  # fmt: skip
            parts += [command(folder, f"environment {said_of}")]
    runners = f"{Path(apart.__file__).parent}/"
    return cleaned("\n".join(parts).replace(name, "small-MARK").replace(runners, ""), folder)


class Told:
    """Remembers what it is given; each score is the value and the length of all fitted pieces."""

    notes_, learns_from, source = ("one", "two"), "normal", "a stand-in"
    model = staticmethod(lambda k=5, rate=0.5, kind="a", flag=True, parts=(1, 2), nothing=None: None)

    def __init__(self, **params: Any) -> None:
        self.params = params

    @classmethod
    def param_defaults(cls) -> dict[str, Any]:
        return {"window": "auto", "options": None}

    def fit(self, pieces: list[Any]) -> Told:
        print(f"{type(self).__name__} {self.params} fits {[part.tolist() for part in pieces]}")
        self.fitted = sum(map(len, pieces))
        return self

    def score(self, x: Any) -> Any:
        return x + self.fitted


class Seeded(Told):
    """Takes a seed, no window."""

    @classmethod
    def param_defaults(cls) -> dict[str, Any]:
        return {"random_state": 0, "options": None}


def _printed(action: Callable[[], object]) -> list[str]:
    with mock.patch("builtins.print") as printed:
        action()
    return ["  " + " ".join(map(str, call.args)) for call in printed.call_args_list]


def _request(folder: Path, pieces: tuple[int, ...], **more: Any) -> None:
    np.save(folder / "x.npy", np.arange(4.0))
    np.save(folder / "t.npy", np.arange(100.0, 100 + sum(pieces)))
    request = {
        "series": "x.npy",
        "train": "t.npy",
        "scores": "s.npy",
        "train_pieces": pieces,
        "window": 7,
        "seed": 2**32 + 3,
    }
    (folder / "request.json").write_text(json.dumps(request | more))


def elsewhere_runners(folder: Path) -> str:
    """What runs in them, on the requests that it may get; stand-ins are the libraries."""
    parts: list[str] = []
    for cls in (Told, Seeded):
        for pieces, options in (((), None), ((3,), {}), ((2, 1, 2), {"k": 2})):
            _request(folder, pieces, options=options)
            with mock.patch.object(apart_runner.adapters, "borrowed", {"aeon:X": cls}.__getitem__):
                parts += [f"{cls.__name__} {pieces}", *_printed(lambda: apart_runner.main("aeon:X", folder))]
            parts += [f"  scores {numbers(np.load(folder / 's.npy'))}"]
    entries = {"aeon": [Listed("aeon", "A", ""), Listed("aeon", "B", "", needs="pip"), Listed("aeon", "C", "", refused="no")], "dtaianomaly": [Listed("dtaianomaly", "D", "")]}  # fmt: skip
    with (
        mock.patch.object(apart_runner.adapters, "listed", entries.__getitem__),
        mock.patch.object(apart_runner.adapters, "missing", lambda entry: "x" if entry.name == "D" else ""),
        mock.patch.object(apart_runner.adapters, "borrowed", {"aeon:A": Told}.__getitem__),
        mock.patch.object(apart_runner.adapters, "arguments", lambda model: inspect.signature(model).parameters),
    ):
        apart_runner.facts(folder / "facts.json")
    return cleaned("\n".join([*parts, (folder / "facts.json").read_text(), *_of_tsb_ad(folder)]) + "\n", folder)


def _of_tsb_ad(folder: Path) -> list[str]:
    """The runner of TSB-AD: which data a function gets, seeds and threads, options and the lack of a GPU."""
    parts: list[str] = []

    def run_X(*data: Any, win: int = 9, rate: float = 0.5, kind: str = "a", sizes: tuple[int, ...] = (1, 2)) -> Any:
        import random

        drawn = random.random(), np.random.random()  # noqa: NPY002 - what the runner has seeded
        print(f"{[part.shape for part in data]} win {win} rate {rate}, draws {numbers(drawn)}")
        return (data[-1] + win).astype(np.float32)

    tensor, module = type("Tensor", (), {"cuda": "as it was"}), type("Module", (), {"cuda": "as it was"})
    for there, learns_from, options in ((True, "nothing", {}), (False, "normal", {"win": 2, "rate": 1})):
        torch = SimpleNamespace(Tensor=tensor, nn=SimpleNamespace(Module=module), cuda=SimpleNamespace(is_available=lambda there=there: there), manual_seed=lambda seed: print(f"torch seed {seed}"), set_num_threads=lambda n: print(f"threads {n}"))  # fmt: skip
        libraries = {"torch": torch, "TSB_AD.model_wrapper": SimpleNamespace(run_X=run_X, other=None, run_Y=len)}
        _request(folder, (2, 3), learns_from=learns_from, threads=2, options=options)
        with mock.patch.object(tsb_ad_runner, "import_module", libraries.__getitem__), _seeds_kept():
            parts += [f"TSB-AD, {learns_from}", *_printed(lambda: tsb_ad_runner.main("X", folder))]
            parts += [f"  functions {sorted(tsb_ad_runner.functions())}"]
        scores = np.load(folder / "s.npy")
        parts += [f"  scores {numbers(scores)} {scores.dtype}; cuda {tensor.cuda if there else tensor.cuda(3, 4, a=5)}"]
    with mock.patch.object(tsb_ad_runner, "functions", return_value={"X": run_X}):
        tsb_ad_runner.facts(folder / "facts.json")
    return [*parts, (folder / "facts.json").read_text()]


@contextmanager
def _seeds_kept() -> Iterator[None]:
    import random

    before = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global generators are put back
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002


SUBJECTS: dict[str, Subject] = {s.__name__: s for s in (elsewhere_environments, elsewhere_asked, elsewhere_runners)}
