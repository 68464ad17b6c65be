"""TSB-AD's own detectors, run in a separate environment: ``tsb-ad:USAD``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmark.adapters.apart import Home, class_apart
from benchmark.adapters.names import Listed
from benchmark.errors import UserError
from benchmark.system.environments import Environment
from detectors import Detector

ENVIRONMENT = Environment(
    "tsb-ad",
    "python3.11",  # numpy 1.26 has no wheels for every newer one
    (
        *("numpy==1.26.4", "scikit-learn==1.5.2", "pandas==2.2.3", "stumpy==1.13.0", "statsmodels==0.14.4"),
        *("arch==7.2.0", "tslearn==0.6.3", "networkx==3.6.1", "hurst==0.0.5", "einops==0.8.2", "torchinfo==1.8.0"),
        *("tqdm==4.70.1", "scipy==1.17.1", "numba==0.68.1", "matplotlib==3.11.2", "torch==2.13.0"),
    ),
    ("TSB-AD==1.5",),  # it also declares transformers and h5py, for models whose weights must be downloaded
    "2 GB, or 6 GB if only a torch with CUDA is available",
)
TSB_AD = Home(ENVIRONMENT, Path(__file__).with_name("tsb_ad_runner.py"))
# As in TSB_AD.model_wrapper: unsupervised detectors, which score the series directly, and semi-supervised ones.
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


def entries() -> Iterator[Listed]:
    """List the detectors, even if the environment does not exist."""
    needs = "" if TSB_AD.ready else TSB_AD.make
    for name in (*SERIES, *NORMAL):
        yield Listed("tsb-ad", name, "", needs=needs)
    for name in PRETRAINED:
        yield Listed("tsb-ad", name, "", refused="it needs the weights of a pretrained model, which are downloaded")


def detector(entry: Listed, model: object) -> type[Detector]:
    """Make the detector class, which runs TSB-AD's function with its defaults, and its window, not the protocol's.

    Raises
    ------
    UserError
        If the environment does not exist.
    """
    if not TSB_AD.ready:
        raise UserError(f"{entry.spec} runs in a separate environment; make it once with: {TSB_AD.make}")
    known = {
        "options": TSB_AD.facts()[entry.name]["options"],
        "learns_from": "nothing" if entry.name in SERIES else "normal",
        "defaults": {"random_state": 0, "options": None},
        "source": f"TSB-AD, TSB_AD.model_wrapper.run_{entry.name}",
    }
    return class_apart(TSB_AD, entry, entry.name, known)
