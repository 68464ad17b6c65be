"""Each option of each command, set to a value other than its default, has its effect."""

from __future__ import annotations

import inspect
import pkgutil
import shlex
import signal
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import datasets
from benchmark.adapters.names import Listed
from benchmark.cli import build_parser, main
from benchmark.detection import Options as Detecting
from benchmark.errors import UserError
from benchmark.execution import Backend, Summary
from benchmark.grid import Outcome, Selection
from benchmark.reading import FolderOptions, ReadOptions
from benchmark.store import Store
from benchmark.system.environments import Environment
from tests.support.cases import planned, toy
from tests.support.stored import fill

CELLS = (
    "--value v --time t --series-column c --sep ; --encoding latin-1 --decimal , --thousands . --missing=-1 "
    "--missing x --sheet S --monthfirst --since 2001-01-01 --tz Europe/Berlin"
)
READING = f"{CELLS} --label l --labels marks.csv"
READ = ReadOptions(
    value="v",
    time="t",
    label="l",
    labels=Path("marks.csv"),
    series_column="c",
    separator=";",
    encoding="latin-1",
    decimal=",",
    thousands=".",
    day_first=False,
    tz="Europe/Berlin",
    missing=("-1", "x"),
    sheet="S",
    since="2001-01-01",
)
FETCH = f"--dataset MGAB --train 7 --series 2.* --series 10.* --data-dir there --offline {READING}"
DATA = f"--data simulated {FETCH}"
STUDY = "Proposed --protocol prefix --protocol tsb-uad --seed 3 --seed 5 --set Proposed.epochs=7 --quick --jobs 3"
STUDIED = Selection(("Proposed",), ("prefix", "tsb-uad"), (3, 5), {"Proposed": {"epochs": 7}}, quick=True)
WORDS = {
    "run": "--detector Proposed --protocol prefix --protocol tsb-uad --seed 3 --seed 5 --set Proposed.epochs=7 --quick "
    "--include-untrained --jobs 3 --threads 2 --backend dask --scheduler tcp://h:1 --device cpu --timeout 5 "
    f"--memory 2 --retry-failed --tables all --quiet --profile --store s.sqlite --out here {DATA}",
    "report": "--store s.sqlite --out here --jobs 3 --quiet --protocol prefix --series s* --readme page.md",
    "list": "--from sklearn --try --markdown page.md --series counts --n 500 --timeout 7 --jobs 3",
    "data": f"--fetch {FETCH}",
    "detect": "my.csv --detector LOF --set LOF.window=9 --threshold pot --contamination 0.2 "
    f"--budget 4 --seed 3 --top 5 --out here --save model --series one {READING}",
    "watch": f"my.csv --model model --json --fresh --until-end --poll 2 --series one {CELLS}",
    "explain": "MP MGAB --seed 3 --seed 5 --jobs 3 --quiet --store s.sqlite --out here --series 2.* --series 10.* "
    "--data simulated --data-dir there --offline",
    "ablate": f"{STUDY} --quiet --retry-failed --store s.sqlite --out here {DATA}",
    "multiverse": f"{STUDY} --quiet --vary stem --vary sign --figures f.csv --out here {DATA}",
    "capsule": "D/Toy/toy --detector mine.py --data-dir there --store s.sqlite",
    "check": "LOF MP --edges edges.md",
    "new": "",
    "results": "import scores.csv --detector Theirs --protocol prefix --store s.sqlite",
    "environment": "tsb-ad",
    "leaderboard": "--page page.md --store s.sqlite --out here",
    "submit": "SR --out here --store s.sqlite",
    "bench": "--detector HBOS --series counts --n 2000 --n 1000 --window 16 --window 32 --threads 2 --threads 1 "
    "--repeats 4 --budget 9 --package PyOD --out here",
}
ELSEWHERE = {  # what another test of this folder gives
    "run": {"--all", "--seeds", "--dry-run", "--no-report", "--dayfirst"},
    "data": {"--about", "--dayfirst"},
    "detect": {"--model", "--dry-run", "--dayfirst", "--false-alerts"},
    "watch": {"--label", "--labels", "--dayfirst"},
    "explain": {"--seeds"},
    "ablate": {"--seeds", "--dayfirst"},
    "multiverse": {"--seeds", "--dayfirst"},
    "check": {"--all"},
    "new": {"--folder"},
    "results": {"--repair", "--recompute", "--jobs", "--all"},
    "bench": {"--full", "--ours", "--memory", "--costs", "--page"},
}


class Reached(BaseException):
    """The command has come as far as the test looks."""


PASS, END = object(), object()
Arguments = dict[str, Any]


class Spy:
    """Stands for functions by their dotted names, and keeps the arguments of each call by name."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch
        self.calls: dict[str, list[Arguments]] = {}

    def on(self, name: str, answer: Any = PASS) -> None:
        """``answer`` is what the function gives; PASS calls it, END ends the command."""
        path, _, attribute = name.rpartition(".")
        place = pkgutil.resolve_name(path)
        real = getattr(place, attribute)
        signature = inspect.signature(real)

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            self.calls.setdefault(attribute, []).append(dict(bound.arguments))
            if answer is END:
                raise Reached
            return real(*args, **kwargs) if answer is PASS else answer

        self.patch.setattr(place, attribute, staticmethod(stand_in) if isinstance(place, type) else stand_in)

    def __getitem__(self, attribute: str) -> Arguments:
        (only,) = self.calls[attribute]
        return only


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Spy:
    monkeypatch.chdir(tmp_path)
    return Spy(monkeypatch)


def given(command: str) -> list[str]:
    return [command, *shlex.split(WORDS[command].replace(";", "';'"))]


def ends(command: str) -> None:
    with pytest.raises(Reached):
        main(given(command))


@pytest.mark.parametrize("command", WORDS)
def test_every_option_is_looked_at(command: str) -> None:
    (subparsers,) = (action for action in build_parser()._actions if action.dest == "command")
    assert set(subparsers.choices or ()) == set(WORDS)
    actions = subparsers.choices[command]._actions  # type: ignore[index,call-overload]
    options = {next(o for o in a.option_strings if o.startswith("--")) for a in actions if a.option_strings}
    named = {word.partition("=")[0] for word in WORDS[command].split() if word.startswith("--")}
    assert options - {"--help"} == named | ELSEWHERE.get(command, set())
    assert not named & ELSEWHERE.get(command, set())


def sees_the_data(spy: Spy, take: Callable[[], object], mode: str = "simulated") -> None:
    """What is read when the series are taken: those selected, from where and how the options say."""
    take()
    for found in spy.calls["iter_series"]:
        assert found["names"] == ["2.test.out", "10.test.out"]
        assert (found["mode"], found["data_dir"], found["offline"]) == (mode, Path("there"), True)
    (located,) = spy.calls["located"]
    assert (located["data_dir"], located["offline"]) == (Path("there"), True)


def reads_a_folder(spy: Spy) -> None:
    assert (spy["load_data_set"]["name"], spy["load_data_set"]["options"]) == ("MGAB", FolderOptions(READ, train=7))


@pytest.fixture
def data(spy: Spy) -> Spy:
    spy.on("datasets.iter_series", ())
    spy.on("datasets.located")
    spy.on("benchmark.evaluation.load_data_set")
    return spy


def test_run_hands_over_its_selection_and_how_to_run(data: Spy) -> None:
    data.on("benchmark.grid.plan")
    data.on("benchmark.commands._session.execute", END)
    ends("run")
    assert data["plan"]["selection"] == Selection(
        ("Proposed",),
        ("prefix", "tsb-uad"),
        (3, 5),
        {"Proposed": {"epochs": 7}},
        quick=True,
        include_untrained=True,
        timeout=5.0,
        memory=2048.0,
        device="cpu",
    )
    assert data["plan"]["series"].quick
    handed = data["execute"]
    assert handed["backend"] == Backend("dask", 3, 2, "tcp://h:1", "cpu")
    assert (handed["retry_failed"], handed["supply"].args.quiet, handed["store"].path) == (True, True, Path("s.sqlite"))
    sees_the_data(data, lambda: list(handed["work"]))
    reads_a_folder(data)
    assert data["iter_series"]["announce"] is None, "--quiet"


def test_a_run_is_recorded_with_its_jobs_and_threads(spy: Spy, tmp_path: Path) -> None:
    from benchmark.commands._session import execute

    with Store(tmp_path / "s.sqlite", write=True) as store:
        supply = SimpleNamespace(args=SimpleNamespace(quiet=True), problems=["one"], origins={})
        execute(planned(["AbsDeviation"], [toy()]), store, Backend("serial", 3, 2), supply)  # type: ignore[arg-type]
        record = store.runs()[0]["provenance"]
    assert (record["jobs"], record["threads_per_worker"], record["data_problems"]) == (3, 2, ["one"])


def test_run_ends_with_its_report_and_the_exit_code_of_its_cells(data: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    data.on("benchmark.commands._session.execute", Summary())
    data.on("benchmark.commands._session.add_trivial_baselines", None)
    data.on("benchmark.commands._session.write_report", [])
    data.on("benchmark.commands._session.conclude", 5)
    data.on("benchmark.commands.run._profile", None)
    data.on("benchmark.report.formats.markdown.document", "printed")
    assert main(given("run")) == 5
    told = data["write_report"]
    assert (told["out"], told["jobs"], told["quiet"]) == (Path("here"), 3, True)
    assert data["_profile"]["jobs"] == 3
    assert capsys.readouterr().out == "printed"
    assert len(data.calls["add_trivial_baselines"]) == 1


def test_report_hands_over_how_to_write(spy: Spy) -> None:
    kept = SimpleNamespace(inventory=lambda: [SimpleNamespace(series="s1")], path=Path("s.sqlite"))
    spy.on("benchmark.commands._session.open_with_baselines", nullcontext(kept))
    spy.on("benchmark.commands._session.write_report", [])
    spy.on("benchmark.report.summary.update", None)
    assert main(given("report")) == 0
    assert spy["open_with_baselines"]["path"] == Path("s.sqlite")
    expected = {"store": kept, "out": Path("here"), "jobs": 3, "quiet": True, "common": "prefix", "series": ["s*"]}
    assert spy["write_report"] == expected
    assert spy["update"] == {"report": Path("here"), "page": Path("page.md"), "protocol": "prefix"}


def test_a_series_that_no_cell_has_is_refused_before_the_report_is_written(
    spy: Spy, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = SimpleNamespace(inventory=lambda: [SimpleNamespace(series="t1")], path=Path("s.sqlite"))
    spy.on("benchmark.commands._session.open_with_baselines", nullcontext(kept))
    spy.on("benchmark.commands._session.write_report", END)
    assert main(given("report")) == 2
    assert "--series s*: s.sqlite has no such series" in capsys.readouterr().err


def test_list_tries_what_is_asked_for_and_keeps_rows_with_seconds_alone(spy: Spy, tmp_path: Path) -> None:
    names = ("IsolationForest", "OneClassSVM")
    tried: list[Any] = []

    def answers(work: Any, board: Any) -> Any:
        for task, series in work:
            tried.append((task.spec, task.timeout, len(series)))
            yield task, Outcome("ok", fit_seconds=1.0, score_seconds=0.5)

    spy.on("benchmark.adapters.listed", [Listed("sklearn", name, "sklearn") for name in names])
    spy.on("benchmark.execution.Backend", SimpleNamespace(map=answers))
    spy.on("benchmark.speed.series.make")
    spy.patch.setattr("benchmark.commands.list._state", lambda entry: "runs here")
    assert main(given("list")) == 0
    assert spy["make"] == {"name": "counts", "n": 500}
    assert (spy["Backend"]["name"], spy["Backend"]["jobs"]) == ("processes", 3)
    assert tried == [(f"sklearn:{name}", 7.0, 500) for name in names]
    page = tmp_path / "page.md"
    assert "| `sklearn:OneClassSVM` | works | 1.5 |" in page.read_text()
    page.write_text(
        page.read_text().replace(
            "| `sklearn:OneClassSVM` | works | 1.5 |", "| `sklearn:OneClassSVM` | not tried yet |  |"
        )
    )
    tried.clear()
    assert main(given("list")) == 0
    assert [spec for spec, *_ in tried] == ["sklearn:OneClassSVM"]


@pytest.mark.parametrize("what", ["detectors", "datasets", "protocols"])
def test_list_shows_one_section_alone(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", what]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")] == [what]


def test_data_fetches_real_series_alone(data: Spy) -> None:
    data.on("datasets.status", [])
    assert main(given("data")) == 0
    sees_the_data(data, list, mode="real")
    reads_a_folder(data)
    assert data["status"]["data_dir"] == Path("there")


@pytest.mark.parametrize(
    ("source", "problem", "failing", "code"),
    [("cache", "", 0, 0), ("file", "", 0, 0), ("absent", "", 0, 1), ("file", "cut", 0, 1), ("cache", "", 2, 1)],
)
def test_data_ends_well_where_every_series_is_here_and_intact(
    data: Spy, capsys: pytest.CaptureFixture[str], source: str, problem: str, failing: int, code: int
) -> None:
    rows = [
        datasets.SeriesStatus("MGAB", "one", "cache", 9, 1, "exact", ""),
        datasets.SeriesStatus("MGAB", "two", source, 8, 0, "unknown", problem),  # type: ignore[arg-type]
    ]
    data.on("datasets.status", rows)
    data.on("datasets.iter_series", [toy(), *[datasets.DataError("no network")] * failing])
    assert main(["data", "--fetch", "--dataset", "MGAB"]) == code
    out, err = capsys.readouterr()
    assert out.splitlines()[1:] == [
        "MGAB       one                                  cache            9          1  exact",
        f"MGAB       two                                  {source:<9}        8          0  {problem or 'unknown'}",
    ]
    assert err.count("data problem: no network") == failing
    assert f"{2 - bool(problem or source == 'absent')} of 2 series are here and intact; cache: " in err


def test_detect_hands_over_how_to_read(spy: Spy) -> None:
    spy.on("benchmark.reading.read_recordings", END)
    ends("detect")
    assert spy["read_recordings"]["path"] == Path("my.csv")
    assert spy["read_recordings"]["options"] == ReadOptions(**vars(READ) | {"series": "one"})


def test_detect_hands_over_how_to_find_and_where_to_write(spy: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmark.detection import Options

    recording = SimpleNamespace(name="one", notes=[], lineup=["read"], times=None)
    spy.on("benchmark.reading.read_recordings", [recording])
    spy.on("benchmark.detection.detect", "found")
    page = Path("here/report.md")
    page.parent.mkdir()
    page.write_text("text of the page\n")
    spy.on("benchmark.detection.report.write", page)
    saved: list[Path] = []
    model = SimpleNamespace(save=saved.append, promise=lambda rows: [f"holds for {rows}"], rows=12)
    spy.on("benchmark.detection.Model.fit", model)
    spy.on("benchmark.detection.page.section", {})
    spy.on("benchmark.detection.page.render", "<html>")
    assert main(given("detect")) == 0
    assert spy["detect"]["recording"] is recording
    assert spy["detect"]["options"] == Options(("LOF",), {"LOF": {"window": 9}}, "pot", 0.1, 0.2, 4.0, 3)
    assert spy["write"] == {"finding": "found", "folder": Path("here"), "top": 5}
    assert (spy["section"]["finding"], spy["section"]["top"]) == ("found", 5)
    assert saved == [Path("model")]
    assert Path("here/report.html").read_text() == "<html>"
    said = capsys.readouterr()
    assert said.out == "read\n\ntext of the page\n"
    assert "holds for 12" in said.err


def test_watch_hands_over_how_to_read_and_where_to_go_on(spy: Spy) -> None:
    watch = SimpleNamespace(beginning="", offset=17, first=b"head", rows=0)
    spy.on("benchmark.detection.Model.load", "the model")
    spy.on("benchmark.detection.Watch.begin", watch)
    spy.on("benchmark.reading.open_source", nullcontext("lines"))
    spy.on("benchmark.commands.watch._follow", None)
    assert main(given("watch")) == 0
    options = ReadOptions(**vars(READ) | {"series": "one", "label": None, "labels": None})
    begun = {"model": "the model", "folder": Path("model"), "name": "my.csv", "options": options, "fresh": True}
    assert spy["begin"] == begun
    assert spy["open_source"] == {"name": "my.csv", "offset": 17, "poll": 2.0, "until_end": True, "first": b"head"}
    assert spy["_follow"] == {"watch": watch, "source": "lines", "json": True}


def test_watch_tells_and_keeps_after_every_block(spy: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmark.commands.watch import _follow

    done: list[tuple[str, str]] = []
    blocks = [SimpleNamespace(name="a", waiting=True), SimpleNamespace(name="b", waiting=False)]
    watch = SimpleNamespace(
        take=lambda block, json: [f"alert {block.name}"],
        news=lambda json: ["news"],
        take_notes=lambda: ["note"],
        keep=lambda: done.append(tuple(capsys.readouterr())),
        finish=lambda json: ["end"],
    )
    _follow(watch, iter(blocks), False)  # type: ignore[arg-type]
    expected = [("alert a\n", "note\n"), ("alert b\nnews\n", "note\n"), ("end\n", "")]
    assert done == expected, "what is printed is kept before the next block"


def test_explain_hands_over_seeds_and_how_to_run(data: Spy) -> None:
    data.on("benchmark.studies.explain.work", ())
    data.on("benchmark.commands._session.execute", END)
    ends("explain")
    assert (data["work"]["row"].name, data["work"]["seeds"]) == ("MP", (3, 5))
    handed = data["execute"]
    assert (handed["backend"], handed["supply"].args.quiet) == (Backend(jobs=3), True)
    assert handed["store"].path == Path("s.sqlite")
    sees_the_data(data, list)


def test_explain_draws_its_steps(data: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    found = SimpleNamespace(chain=["a step"])
    data.on("benchmark.studies.explain.work", ())
    data.on("benchmark.commands._session.execute", Summary())
    data.on("benchmark.studies.explain.explanation", found)
    data.on("benchmark.studies.explain.as_text", "steps")
    data.on("benchmark.studies.explain.waterfall", None)
    assert main(given("explain")) == 0
    assert (data["explanation"]["dataset"], data["explanation"]["size"]) == ("MGAB", 10), "the whole set's size"
    assert list(data["waterfall"].values())[:2] == [found, Path("here/explain/MP-MGAB.png")]
    assert capsys.readouterr().out == "steps"


def test_ablate_hands_over_its_selection_and_how_to_run(data: Spy) -> None:
    data.on("benchmark.studies.ablation.variants", {})
    data.on("benchmark.grid.plan")
    data.on("benchmark.commands._session.execute", END)
    ends("ablate")
    assert data["variants"]["selection"] == data["plan"]["selection"] == STUDIED
    handed = data["execute"]
    assert (handed["backend"], handed["supply"].args.quiet) == (Backend(jobs=3), True)
    assert (handed["store"].path, handed["retry_failed"]) == (Path("s.sqlite"), True)
    assert data["plan"]["series"].quick
    sees_the_data(data, lambda: list(data["plan"]["series"]))
    reads_a_folder(data)


def test_multiverse_hands_over_its_choices_and_figures(data: Spy) -> None:
    many = SimpleNamespace(row="row", universes=list, fits=list)
    data.on("benchmark.studies.multiverse.multiverse", many)
    data.on("benchmark.studies.multiverse.jobs", "jobs")
    data.on("benchmark.grid.plan")
    data.on("benchmark.studies.multiverse.run", END)
    ends("multiverse")
    assert list(data["multiverse"].values())[:2] == [STUDIED, ["stem", "sign"]]
    assert list(data["run"].values())[:3] == ["jobs", Path("f.csv"), 3]
    sees_the_data(data, lambda: list(data["plan"]["series"]))
    reads_a_folder(data)


def test_capsule_hands_over_where_things_lie(spy: Spy, tmp_path: Path) -> None:
    fill(tmp_path / "s.sqlite", "D")
    spy.on("benchmark.studies.capsule", "script")
    assert main(given("capsule")) == 0
    handed = spy["capsule"]
    assert (handed["cell"]["detector"], handed["run"]["host"]) == ("D", "s")
    assert (handed["spec"], handed["data_dir"]) == ("mine.py", str(tmp_path / "there"))
    assert handed["store"] == str(tmp_path / "s.sqlite")


def test_check_looks_at_each_detector_and_writes_their_edges(spy: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    spy.on("benchmark.catalogue.checks.iter_checks", ())
    spy.on("benchmark.studies.edges.page", "what each does")
    assert main(given("check")) == 0
    assert [call["detector"].__name__ for call in spy.calls["iter_checks"]] == ["LOF", "MP"]
    assert [cls.__name__ for cls in next(iter(spy["page"].values()))] == ["LOF", "MP"]
    assert Path("edges.md").read_text() == "what each does"
    said = capsys.readouterr().out
    assert "LOF: a detector on windows, learns from the series that it scores, without random numbers\n" in said
    assert main(["check", "IForest"]) == 0
    assert "IForest: a detector on windows, learns from the series that it scores, seeded by random_state\n" in (
        capsys.readouterr().out
    )


def test_results_hand_over_row_table_and_files(spy: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    store = fill(Path("s.sqlite"), "D")
    Path("scores.csv").touch()
    spy.on("benchmark.store.import_scores", SimpleNamespace(notes=["a note"], series=3))
    assert main(given("results")) == 0
    taken = spy["import_scores"]
    assert (taken.pop("store").path, taken) == (
        store,
        {"file": Path("scores.csv"), "detector": "Theirs", "protocol": "prefix"},
    )
    assert capsys.readouterr().err == "a note\nTheirs: scores of 3 series imported\n"
    spy.on("benchmark.store.export", "0123")
    assert main(["results", "export", "out.sqlite", "--store", "s.sqlite"]) == 0
    assert (spy["export"]["store"].path, spy["export"]["target"]) == (store, Path("out.sqlite"))
    assert capsys.readouterr().err == "out.sqlite: sha256 0123\n"


def test_models_of_several_series_lie_in_folders_of_their_own(spy: Spy) -> None:
    recordings = [SimpleNamespace(name=name, notes=[], lineup=[], times=None) for name in ("a b", "c")]
    spy.on("benchmark.reading.read_recordings", recordings)
    spy.on("benchmark.detection.detect", "found")
    Path("here").mkdir()
    (Path("here") / "report.md").touch()
    spy.on("benchmark.detection.report.write", Path("here/report.md"))
    saved: list[Path] = []
    spy.on("benchmark.detection.Model.fit", SimpleNamespace(save=saved.append, promise=lambda rows: [], rows=1))
    spy.on("benchmark.detection.page.section", {})
    spy.on("benchmark.detection.page.render", "")
    assert main(given("detect")) == 0
    assert saved == [Path("model/a_b"), Path("model/c")]
    assert [call["folder"] for call in spy.calls["write"]] == [Path("here/a_b"), Path("here/c")]
    assert [call["series"] for call in spy.calls["section"]] == [2, 2]


def test_ctrl_c_between_two_blocks_ends_a_watch_as_interrupted() -> None:
    """What the last rows show is told at the end of a file alone."""
    from benchmark.commands.watch import _slices_between

    before = signal.getsignal(signal.SIGINT)
    blocks = _slices_between(iter(["one", "two"]))  # type: ignore[arg-type]
    assert next(blocks) == "one"
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        next(blocks)
    assert signal.getsignal(signal.SIGINT) == before
    assert list(_slices_between(iter(["one", "two"]))) == ["one", "two"]  # type: ignore[arg-type]


def test_of_all_libraries_one_that_is_absent_is_left_out(spy: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmark.errors import UserError

    def listed(library: str) -> list[Listed]:
        if library != "sklearn":
            raise UserError(f"no {library}")
        return []

    spy.patch.setattr("benchmark.adapters.listed", listed)
    assert main(["list", "--from", "all", "--try", "--n", "500"]) == 0
    said = capsys.readouterr()
    assert "pyod is left out: no pyod" in said.err
    assert said.out.startswith("## sklearn\n")
    assert main(["list", "--from", "pyod", "--try", "--n", "500"]) == 2


def test_the_page_of_trials_names_the_command_that_makes_it() -> None:
    from benchmark.commands._trial import _command

    words = ["list", "--from", "sklearn", "--try", "--series", "counts", "--n", "500", "--timeout", "7"]
    args = build_parser().parse_args([*words, "--markdown", "page.md"])
    again = build_parser().parse_args(_command(args).split()[3:])
    assert vars(again) == vars(args)


@pytest.mark.parametrize(
    ("backend", "way", "handed"),
    [
        (Backend("joblib", 3, 2), "loky", {"jobs": 3, "threads": 2}),
        (Backend("serial", 3, 2), "serial", {"threads": 2}),
        (Backend("processes", 3, 2), "processes", {"jobs": 3}),
        (Backend("processes", 3, 2, device="cpu"), "in_groups", {"jobs": 3}),
    ],
)
def test_a_backend_hands_over_its_workers_and_threads(backend: Backend, way: str, handed: Arguments, spy: Spy) -> None:
    spy.patch.setattr("benchmark.system.settings.cap_threads", lambda threads: None)
    spy.on(f"benchmark.execution.backends.{way}", "pairs")
    assert backend.map("work", "board") == "pairs"  # type: ignore[arg-type]
    assert {name: spy[way][name] for name in handed} == handed
    assert spy[way]["work"] == "work"


@pytest.mark.parametrize("repair", [False, True])
def test_verify_hands_over_whether_to_repair(spy: Spy, repair: bool, tmp_path: Path) -> None:
    fill(tmp_path / "s.sqlite", "D")
    spy.on("benchmark.store.verify", SimpleNamespace(damaged=["x"], differing=[], unknown=[], cells=1))
    assert main(["results", "verify", "--store", "s.sqlite", *["--repair"] * repair]) == 1
    assert (spy["verify"]["repair"], spy["verify"]["store"].writable) == (repair, repair)


@pytest.mark.parametrize(
    ("damaged", "differing", "repair", "said"),
    [
        (0, 0, "", ["9 cells: every array has its hash, every figure is what its scores give"]),
        (1, 0, "", ["damaged: d", "to drop these: --repair"]),
        (0, 1, "", ["differs: f", "to drop these: --repair"]),
        (
            *(1, 1, "--repair"),
            ["damaged, dropped: d", "differs, figures dropped: f", "run and report again to compute what was dropped"],
        ),
    ],
)
def test_verify_lists_what_it_found_and_ends_so(
    spy: Spy, capsys: pytest.CaptureFixture[str], damaged: int, differing: int, repair: str, said: list[str]
) -> None:
    fill(Path("s.sqlite"), "D")
    found = SimpleNamespace(damaged=["d"] * damaged, differing=["f"] * differing, unknown=["m"], cells=9)
    spy.on("benchmark.store.verify", found)
    assert main(["results", "verify", "--store", "s.sqlite", *repair.split()]) == int(len(said) > 1)
    unknown = "not checked: m, a metric that this version does not know"
    assert sorted(capsys.readouterr().err.splitlines()) == sorted([unknown, *said])


def test_verify_hands_over_what_to_compute_again(spy: Spy) -> None:
    fill(Path("s.sqlite"), "D")
    spy.on("benchmark.store.verify", SimpleNamespace(damaged=[], differing=[], unknown=[], cells=1))
    spy.on("benchmark.studies.recompute.choose", ([None], 1))
    spy.on("benchmark.studies.recompute.recompute", [])
    words = "results verify --recompute 4 --detector LOF --jobs 3 --store s.sqlite"
    assert main(words.split()) == 0
    assert (spy["choose"]["count"], spy["choose"]["detector"]) == (4, "LOF")
    assert (spy["recompute"]["tasks"], spy["recompute"]["jobs"]) == ([None], 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("results merge --store s.sqlite", "name the stores to merge into --store"),
        ("results merge none.sqlite --store s.sqlite", "no file none.sqlite"),
        ("results import scores.csv --store s.sqlite", "imported scores need a row name: --detector NAME"),
        ("results export a.sqlite b.sqlite --store s.sqlite", "results export takes one file, got 2"),
    ],
)
def test_results_ask_for_what_they_need(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    assert message in capsys.readouterr().err


def test_a_store_is_imported_as_it_is_merged(spy: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.db").touch()
    spy.on("benchmark.store.merge", SimpleNamespace(differing=()))
    assert main(["results", "import", "a.db", "--store", "s.sqlite"]) == 0
    assert spy["merge"]["other"] == Path("a.db")


def test_merge_takes_every_file(spy: Spy, capsys: pytest.CaptureFixture[str]) -> None:
    spy.on("benchmark.store.merge", SimpleNamespace(differing=["one cell"]))
    for name in ("a.sqlite", "b.sqlite"):
        Path(name).touch()
    assert main(["results", "merge", "a.sqlite", "b.sqlite", "--store", "s.sqlite"]) == 0
    assert [call["other"] for call in spy.calls["merge"]] == [Path("a.sqlite"), Path("b.sqlite")]
    assert capsys.readouterr().err.count("  other scores: one cell\n") == 2


def test_a_merge_names_some_cells_with_other_scores_and_counts_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = fill(tmp_path / "a.sqlite", *"ABCDEFGH")
    theirs = fill(tmp_path / "b.sqlite", *"HABCDEFG")
    words = ["results", "merge", str(theirs), "--store", str(ours)]
    assert main(words) == 0
    said = capsys.readouterr().err
    assert "8 have other scores there" in said
    assert said.count("  other scores: ") == 5
    assert "  and 3 more: the same command with --all\n" in said
    assert main([*words, "--all"]) == 0
    assert capsys.readouterr().err.count("  other scores: ") == 8


@pytest.mark.parametrize(("name", "makes"), [("tsb-ad", "tsb-ad"), ("libraries", "libraries"), ("bench", "peers")])
def test_an_environment_is_made_by_its_name(
    name: str, makes: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmark.adapters.apart import Home

    monkeypatch.setattr(Home, "prepare", lambda self, say: self.environment.name)
    monkeypatch.setattr(Environment, "interpreter", lambda self, say: self.name)
    assert main(["environment", name]) == 0
    assert capsys.readouterr().out == f"{name} is ready: {makes}\n"


def test_leaderboard_writes_its_folder_and_its_page(spy: Spy) -> None:
    store = SimpleNamespace(writable=True)
    spy.on("benchmark.commands._session.open_with_baselines", nullcontext(store))
    spy.on("benchmark.store.evaluate.fill", 0)
    spy.on("benchmark.commands._session.write_leaderboard", "text")
    spy.on("benchmark.commands.leaderboard._renew", None)
    assert main(given("leaderboard")) == 0
    assert spy["open_with_baselines"]["path"] == Path("s.sqlite")
    assert (spy["fill"]["store"], spy["fill"]["names"]) == (store, ["vus_pr"])
    assert spy["write_leaderboard"] == {"store": store, "out": Path("here")}
    assert spy["_renew"] == {"page": Path("page.md"), "text": "text"}


def test_submit_writes_into_its_folder(spy: Spy) -> None:
    fill(Path("s.sqlite"), "D")
    spy.on("benchmark.leaderboard.submission", {"a.py": "script\n", "a.csv": "1\n"})
    assert main(given("submit")) == 0
    handed = list(spy["submission"].values())
    assert (handed[0].path, handed[1]) == (Path("s.sqlite"), "SR")
    assert {p.name: p.read_text() for p in Path("here").iterdir()} == {"a.py": "script\n", "a.csv": "1\n"}


def test_bench_measures_each_length_window_and_thread_beside_the_package(spy: Spy) -> None:
    spy.on("benchmark.speed.measure.alternate", ())
    spy.on("benchmark.speed.tables.frame", END)
    ends("bench")
    calls = spy.calls["alternate"]
    seen = [(call["series"].name, len(call["series"]), call["window"], call["threads"]) for call in calls]
    assert seen == [("counts", n, w, t) for n in (1000, 2000) for w in (16, 32) for t in (2, 1)]
    assert {(call["match"].detector, call["repeats"], call["growth"].budget) for call in calls} == {("HBOS", 4, 9.0)}
    assert {tuple(side.name for side, _ in call["sides"]) for call in calls} == {("ours", "PyOD")}


WRONG = {"--data": "reel", "--jobs": "0", "--threads": "two", "--threshold": "peak", "--tables": "sum"}


@pytest.mark.parametrize("option", WRONG)
def test_a_value_that_means_nothing_is_refused_by_every_command(option: str) -> None:
    (subparsers,) = (action for action in build_parser()._actions if action.dest == "command")
    parsers = [one for one in subparsers.choices.values() if option in one._option_string_actions]  # type: ignore[union-attr]
    assert parsers
    for parser in parsers:
        positional = [action for action in parser._actions if not action.option_strings and action.nargs is None]
        needed = [next(iter(action.choices or "x")) for action in positional]
        with pytest.raises(UserError, match=f"argument {option}"):
            parser.parse_args([*needed, option, WRONG[option]])


@pytest.mark.parametrize(("dataset", "field"), [("TSB-AD-U", True), ("MGAB", False)])
def test_rows_of_the_field_are_run_where_they_are_at_home(
    dataset: str, field: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Selection] = []

    def rows(selection: Selection) -> list[Any]:
        asked.append(selection)
        raise UserError("that is enough")

    monkeypatch.setattr("benchmark.grid.rows", rows)
    chosen = [datasets.get(dataset)]
    monkeypatch.setattr("benchmark.commands._options.chosen_datasets", lambda args: chosen)
    assert main(["run", "--dataset", dataset, "--protocol", "tsb-ad", "--dry-run"]) == 2
    assert [selection.include_field for selection in asked] == [field]


DEFAULTS: dict[str, dict[str, Any]] = {
    "run": {"--data": "auto", "--threads": 1, "--backend": "processes", "--tables": "main"},
    "list": {"--series": "mackey-glass", "--n": 1000, "--timeout": 120, "--jobs": 1},
    "detect": {"--top": 10},
    "watch": {"--poll": 0.5},
    "results": {"--protocol": "tsb-uad"},
}


def test_help_of_detect_names_the_defaults() -> None:
    (subparsers,) = (action for action in build_parser()._actions if action.dest == "command")
    known = subparsers.choices["detect"]._option_string_actions  # type: ignore[index, call-overload]
    default = Detecting()
    said = {
        "--false-alerts": default.false_alerts,
        "--threshold": default.rule,
        "--contamination": default.contamination,
        "--budget": f"{default.budget:g}",
        "--seed": default.seed,
    }
    for option, value in said.items():
        assert known[option].default is None  # else it could not be told from a value that was given
        assert known[option].help.endswith(f"({value})")


def test_defaults_that_change_a_result_or_a_page() -> None:
    (subparsers,) = (action for action in build_parser()._actions if action.dest == "command")
    for command, defaults in DEFAULTS.items():
        known = subparsers.choices[command]._option_string_actions  # type: ignore[index, call-overload]
        assert {option: known[option].default for option in defaults} == defaults, command
