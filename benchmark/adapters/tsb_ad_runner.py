"""What runs in TSB-AD's environment: one of its detectors on a folder, as docs/programs.md says. Stands alone.

``tsb_ad_runner.py USAD FOLDER`` scores, ``tsb_ad_runner.py --facts FILE`` writes the options of all.
"""

from __future__ import annotations

import inspect
import json
import random
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np


def main(name: str, folder: Path) -> None:
    """Score a folder's series."""
    request = json.loads((folder / "request.json").read_text())
    _seed(request["seed"], request["threads"])
    data, train = (np.load(folder / request[key]).reshape(-1, 1) for key in ("series", "train"))
    given = (data,) if request["learns_from"] == "nothing" else (train, data)
    scores = functions()[name](*given, **request["options"])
    np.save(folder / request["scores"], np.asarray(scores, dtype=np.float64).ravel())


def functions() -> dict[str, Callable[..., Any]]:
    """TSB-AD's ``run_`` functions; called directly, as the wrapper around them turns each error into a text."""
    wrapper = import_module("TSB_AD.model_wrapper")
    return {name.removeprefix("run_"): call for name, call in vars(wrapper).items() if name.startswith("run_")}


def facts(path: Path) -> None:
    """Write the options of each function."""
    found = {}
    for name, call in functions().items():
        defaults = {key: p.default for key, p in inspect.signature(call).parameters.items() if p.default is not p.empty}
        plain = {key: value if isinstance(value, int | float | str) else None for key, value in defaults.items()}
        found[name] = {"options": plain}
    path.write_text(json.dumps(found))


def _seed(seed: int, threads: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - TSB-AD draws from it
    torch = import_module("torch")
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    if not torch.cuda.is_available():  # some of its networks ask for a GPU without a look whether there is one
        torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *_, **__: self


if __name__ == "__main__":
    if sys.argv[1] == "--facts":
        facts(Path(sys.argv[2]))
    else:
        main(sys.argv[1], Path(sys.argv[2]))
