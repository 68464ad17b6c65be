"""TSB-AD's own detectors, run in an environment of their own: ``tsb-ad:USAD``."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from benchmark.adapters.borrowed import EXPLAINED
from benchmark.adapters.names import Listed
from benchmark.adapters.program import Program
from benchmark.errors import UserError, unknown
from benchmark.system.environments import Environment
from detectors import Detector, Diet

TSB_AD = Environment(
    "tsb-ad",
    "python3.11",  # numpy 1.26 has no wheels for every newer one
    (
        "numpy==1.26.4",
        "scikit-learn==1.5.2",
        "pandas==2.2.3",
        "stumpy==1.13.0",
        "statsmodels==0.14.4",
        "arch==7.2.0",
        "tslearn==0.6.3",
        "networkx==3.6.1",
        "hurst==0.0.5",
        "einops==0.8.2",
        "torchinfo==1.8.0",
        "tqdm==4.70.1",
        "scipy==1.17.1",
        "numba==0.68.1",
        "matplotlib==3.11.2",
        "torch==2.13.0",
    ),
    ("TSB-AD==1.5",),  # it also declares transformers and h5py, for models whose weights must be downloaded
    "2 GB, or 6 GB where only a torch for CUDA is at hand",
)
MAKE = "python -m benchmark environment tsb-ad"
RUNNER = Path(__file__).with_name("tsb_ad_runner.py")
# As TSB_AD.model_wrapper parts them: those that score the series they are given, and those that learn first.
SERIES = (
    *("FFT", "SR", "NORMA", "Series2Graph", "Sub_IForest", "IForest", "LOF", "Sub_LOF", "POLY", "MatrixProfile"),
    *("Sub_PCA", "PCA", "HBOS", "Sub_HBOS", "KNN", "Sub_KNN", "KMeansAD", "KMeansAD_U", "KShapeAD", "COPOD", "CBLOF"),
    *("COF", "EIF", "RobustPCA"),
)
NORMAL = (
    *("Left_STAMPi", "SAND", "MCD", "Sub_MCD", "OCSVM", "Sub_OCSVM", "AutoEncoder", "CNN", "LSTMAD", "TranAD", "USAD"),
    *("OmniAnomaly", "AnomalyTransformer", "TimesNet", "FITS", "Donut"),
)
PRETRAINED = ("OFA", "Lag_Llama", "Chronos", "TimesFM", "MOMENT_ZS", "MOMENT_FT")


class _Detector(Program):
    """One of TSB-AD's ``run_`` functions with its defaults; a window of its own, not the protocol's."""

    format = "npy"
    defaults: ClassVar[dict[str, Any]] = {"random_state": 0, "options": None}

    def check_params(self) -> None:
        """The options must be arguments of TSB-AD's function."""
        super().check_params()
        accepted = _signatures()[type(self).__name__.removeprefix("TSB-AD_")]
        for name in self.options or {}:
            if name not in accepted:
                raise ValueError(str(unknown(f"option of {self.spec}", name, accepted)))


def entries() -> Iterator[Listed]:
    """The detectors, whether the environment is made or not."""
    needs = "" if ready() else MAKE
    for name in (*SERIES, *NORMAL):
        yield Listed("tsb-ad", name, "", needs=needs)
    for name in PRETRAINED:
        yield Listed("tsb-ad", name, "", refused="it needs the weights of a pretrained model, which are downloaded")


def detector(entry: Listed, model: object) -> type[Detector]:
    """The program that runs it.

    Raises
    ------
    UserError
        If the environment has not been made.
    """
    if not ready():
        raise UserError(f"{entry.spec} runs in an environment of its own; make it once with: {MAKE}")
    words = [str(TSB_AD.folder / "bin" / "python"), "-P", str(RUNNER), entry.name]
    learns: Diet = "nothing" if entry.name in SERIES else "normal"
    lines = [f"    {key} : {EXPLAINED[key].format(spec=entry.spec)}" for key in _Detector.defaults]
    text = [f"TSB-AD's {entry.name}.", "", "    Parameters", "    ----------", *lines]
    body = {
        "__doc__": "\n".join(text),
        "__module__": __package__,
        "spec": entry.spec,
        "command": shlex.join(words),
        "text": "\n".join((*TSB_AD.requirements, *TSB_AD.alone, RUNNER.read_text())),
        "learns_from": learns,
        "source": f"TSB-AD, TSB_AD.model_wrapper.run_{entry.name}",
    }
    return type(f"TSB-AD_{entry.name}", (_Detector,), body)


def ready() -> bool:
    """Whether the environment is made and has been asked for its options."""
    return TSB_AD.made and (TSB_AD.folder / "signatures.json").is_file()


@cache
def _signatures() -> dict[str, list[str]]:
    """Arguments of each of TSB-AD's functions, as the environment wrote them down when it was made."""
    signatures: dict[str, list[str]] = json.loads((TSB_AD.folder / "signatures.json").read_text())
    return signatures
