"""Measure every detector beside other packages (TSB-UAD, PyOD, scikit-learn, stumpy, vus) on the same series.

examples:
  python -m benchmark bench                                      some minutes
  python -m benchmark bench --detector LOF --n 100000 --threads 1 --threads 2
  python -m benchmark bench --ours                               ours alone
  python -m benchmark bench --package PyOD --detector LOF --page docs/performance.md     beside PyOD, into a page, too
  python -m benchmark bench --memory                             peak memory on 1,000,000 points
  python -m benchmark bench --costs                              rewrite benchmark/grid/costs.csv
  python -m benchmark bench --full                               n to 1,000,000, W 16 to 512: many hours

The first use installs the others into an environment of their own in the cache folder. Nothing is evaluated: the
tables give ratios, with the spread of their repeats.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import _options
from benchmark.errors import UserError, refuse_unknown

if TYPE_CHECKING:
    from benchmark.speed import Match, Run

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
DEFAULT_OUT = Path("results/report/bench")
DEFAULTS = {"n": [2_000, 10_000, 50_000], "window": [48], "threads": [1], "repeats": 3, "budget": 20.0}
FULL = {
    "n": [2_000, 10_000, 30_000, 100_000, 300_000, 1_000_000],
    "window": [16, 48, 128, 512],
    "threads": [1, 2],
    "repeats": 5,
    "budget": 900.0,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``bench``."""
    what = parser.add_argument_group("what to measure (options may be repeated)")
    _options.add_repeatable(what, "--detector", metavar="NAME", help="only these, or VUS")
    named = "mackey-glass, counts (both by default), or a real one such as MGAB/1.test.out"
    _options.add_repeatable(what, "--series", metavar="NAME", help=named)
    what.add_argument("--n", action="append", type=int, metavar="N", help="length (2,000, 10,000 and 50,000)")
    what.add_argument("--window", action="append", type=int, metavar="W", help="window length (48)")
    what.add_argument(
        "--threads", action="append", type=_options.at_least_one, metavar="N", help="numerical threads (1)"
    )
    what.add_argument("--repeats", type=_options.at_least_one, metavar="N", help="runs of each implementation (3)")
    what.add_argument(
        "--budget",
        type=_options.at_least_zero,
        metavar="S",
        help="skip runs expected to take longer (20 s); with --memory: stop them (900 s)",
    )
    what.add_argument("--full", action="store_true", help="n to 1,000,000, W 16 to 512, 1 and 2 threads, 5 repeats")
    _options.add_repeatable(what, "--package", metavar="NAME", help="compare with these packages only")
    what.add_argument("--ours", action="store_true", help="measure ours alone; installs nothing")
    other = parser.add_argument_group("other measurements")
    other.add_argument(
        "--memory", action="store_true", help="peak memory of ours on 1,000,000 points, W 100 (--n, --window)"
    )
    other.add_argument("--costs", action="store_true", help="rewrite the costs by which cells are scheduled")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="also write a short table between two markers of a page"
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for tables (%(default)s)")


def main(args: argparse.Namespace) -> int:
    """Measure and write."""
    _check(args)
    if args.costs:
        return _costs(args)
    _set_defaults(args)
    if args.memory:
        return _memory(args)
    matches = _matches(args.detector)
    if args.page:
        _replace_table(args.page, "")  # a page without the marks is refused before work
    args.out.mkdir(parents=True, exist_ok=True)
    return _compare(args, matches)


def _check(args: argparse.Namespace) -> None:
    """Raise an error for options that would be ignored: unknown packages, and a page for another table."""
    from benchmark.speed import MATCHES

    packages = sorted({side.name for match in MATCHES for side in match.others})
    refuse_unknown("package", args.package, packages)
    if args.page and (args.costs or args.memory):
        raise UserError("--page takes the table of times: leave out --costs and --memory")


def _costs(args: argparse.Namespace) -> int:
    from benchmark.speed import costing

    _options.say(f"wrote {costing.write_costs(_options.say, _registered(args.detector))}")
    return 0


def _registered(names: list[str]) -> list[str]:
    """Return the registered detectors of these names, or all."""
    from benchmark.catalogue import registry

    known = registry.detectors()
    refuse_unknown("detector", names, known)
    return [name for name in known if name in names or not names]


def _set_defaults(args: argparse.Namespace) -> None:
    """Set defaults that depend on ``--full`` and ``--memory``, and check limits."""
    defaults = FULL if args.full else DEFAULTS
    if args.memory:
        defaults = DEFAULTS | {"n": [1_000_000], "window": [100], "budget": 900.0}
    for name, value in defaults.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if min(args.n) < 1000 or min(args.window) < 4 or max(args.window) * 20 > min(args.n):
        raise UserError("--n must be at least 1000 and 20 windows, --window at least 4")
    if args.budget <= 0:
        raise UserError("--budget must be above 0")
    args.n.sort()


def _matches(names: list[str]) -> list[Match]:
    from benchmark.speed import MATCHES

    known = {match.detector: match for match in MATCHES}
    refuse_unknown("detector with a match", names, known)
    return [known[name] for name in names] if names else list(MATCHES)


def _compare(args: argparse.Namespace, matches: list[Match]) -> int:
    from benchmark.report import write_text
    from benchmark.speed import tables
    from benchmark.system.provenance import measured_on

    about = measured_on(["bench", *sys.argv[2:]])
    runs: list[Run] = []
    try:
        _measure(args, matches, runs)
    except KeyboardInterrupt:
        _options.say("interrupted: writing what was measured")
    measured = tables.frame(runs)
    measured.to_csv(args.out / "runs.csv", index=False)
    table = tables.summary(measured)
    exponents = tables.growth(table)
    text = tables.markdown(table, exponents, about)
    write_text(args.out / "bench.md", text)
    if args.page:
        args.page.write_text(_replace_table(args.page, tables.short(table, about)), encoding="utf-8")
    sys.stdout.write(text)
    _options.say(f"table and runs: {args.out}")
    return 0


def _replace_table(page: Path, text: str) -> str:
    from benchmark.report import markdown

    if not page.is_file():
        raise UserError(f"--page {page}: there is no such file")
    return markdown.replace_between(page, BEGIN, END, f"\n{text}\n\n")


def _measure(args: argparse.Namespace, matches: list[Match], runs: list[Run]) -> None:
    """Measure, short series first, and append each result to ``runs``."""
    from benchmark.speed import measure, present, series

    others = (side for match in matches for side in match.others)
    apart = _others() if any(side.apart and _wanted(args, side.name) for side in others) else None
    growth = measure.Growth(args.budget)
    absences: set[str] = set()
    for n in args.n:
        for one in (series.make(name, n) for name in args.series or series.SIMULATED):
            for match in matches:
                sides, absent = present(match, apart)
                sides = [side for side in sides if side[0] == match.ours or _wanted(args, side[0].name)]
                absent = [name for name in absent if not args.package or name.startswith(tuple(args.package))]
                if not args.ours and not absences.issuperset(absent):
                    absences.update(absent)
                    _options.say(f"absent, left out: {', '.join(absent)}")
                for window in args.window:
                    for threads in args.threads:
                        runs.extend(
                            measure.alternate(sides, match, one, window, threads, args.repeats, growth, _options.say)
                        )


def _wanted(args: argparse.Namespace, name: str) -> bool:
    return not args.ours and (not args.package or name in args.package)


def _others() -> Path | None:
    from benchmark.speed import OTHERS
    from benchmark.system.environments import EnvironmentMissing

    try:
        return OTHERS.interpreter(_options.say)
    except EnvironmentMissing as reason:
        _options.say(f"no TSB-UAD and no vus to compare with: {reason}")
        return None


def _memory(args: argparse.Namespace) -> int:
    from benchmark.report import write_text
    from benchmark.speed import memory
    from benchmark.system.provenance import measured_on

    names = _registered(args.detector)
    about = measured_on(["bench", *sys.argv[2:]])
    text = memory.table(names, max(args.n), args.window[0], args.budget, about, _options.say)
    write_text(args.out / "memory.md", text)
    sys.stdout.write(text)
    _options.say(f"written: {args.out / 'memory.md'}")
    return 0
