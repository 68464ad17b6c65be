"""Script of a measured process: warm-up, then one call with its time and memory. It imports nothing of ours.

The other packages' environment has older libraries and no module of ours. So this file is started by its path. It reads
one JSON request from standard input and imports only what the call needs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]
Request = dict[str, Any]
TINY = 600  # points of the warm-up; a tenth of them must be enough to fit windows of 20 points


def main() -> None:
    """Measure the request on standard input; write the reply to the file that the request names."""
    started = time.perf_counter()
    request = json.load(sys.stdin)
    os.environ["NUMBA_NUM_THREADS"] = str(request["threads"])  # not handed down by a process that has loaded numba
    os.dup2(2, 1)  # output of libraries goes to standard error
    sys.path += request["path"]
    call = CALLS[request["call"]]
    warm_up(call, request)
    x, labels = (np.load(request[name], mmap_mode="r") for name in ("values", "labels"))
    x, labels = np.array(x), np.array(labels)
    reply = {"startup": time.perf_counter() - started, "level_mb": status_mb("VmRSS")}
    started, worked = time.perf_counter(), time.process_time()
    scores = call(x, labels, request)
    reply |= {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - worked}
    reply["peak_mb"] = status_mb("VmHWM")
    np.save(request["scores"], np.asarray(scores, dtype=np.float64).ravel())
    Path(request["reply"]).write_text(json.dumps(reply))


def warm_up(call: Callable[[Array, Array, Request], Any], request: Request) -> None:
    """Make a tiny call, so that the measured time does not include imports and compilers."""
    rng = np.random.default_rng(0)
    x = np.sin(np.arange(TINY) * 0.3) + 0.1 * rng.standard_normal(TINY)
    labels = np.zeros(TINY)
    labels[300:310] = 1
    tiny = request | {"window": min(request["window"], 20), "epochs": 1}
    call(x, labels, tiny)


def status_mb(field: str, process: str = "self") -> float:
    """Return a memory field of ``/proc/PID/status`` in MiB; 0 on systems without /proc."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(field + ":")), 0.0)


def tenth(x: Array) -> Array:
    """Return the first tenth, which semi-supervised detectors fit under the protocol ``tsb-uad``."""
    return x[: len(x) // 10]


# -- ours --------------------------------------------------------------------------------------


def ours(x: Array, labels: Array, request: Request) -> Array:
    """Fit and score, as in the protocol ``tsb-uad``."""
    detector = import_module("benchmark.catalogue.registry").load(request["detector"])()
    known = detector.param_defaults()
    wanted = {"window": request["window"], "epochs": request["epochs"]} | request["params"]
    detector.set_params(**{name: value for name, value in wanted.items() if name in known})
    scores: Array = detector.fit(tenth(x) if detector.learns_from == "normal" else x).score(x)
    return scores


def ours_vus(x: Array, labels: Array, request: Request) -> Any:
    """Compute VUS-ROC and VUS-PR with the values of the series as scores."""
    return import_module("benchmark.metrics.vus").volume_under_surface(labels, x, request["window"])


# -- TSB-UAD -----------------------------------------------------------------------------------


def tsb_windows(x: Array, window: int) -> Array:
    """Make the window matrix as in TSB-UAD's notebook."""
    matrix: Array = import_module("TSB_UAD.models.feature").Window(window=window).convert(x).to_numpy()
    return matrix


def scaled_rows(matrix: Array) -> Array:
    """Min-max scale each window by itself, as in TSB-UAD's notebook."""
    scaler = import_module("sklearn.preprocessing").MinMaxScaler()
    scaled: Array = scaler.fit_transform(matrix.T).T
    return scaled


def tsb(module: str, name: str, **options: Any) -> Callable[[Array, Array, Request], Any]:
    """Return a call of a TSB-UAD detector on the window matrix."""

    def call(x: Array, labels: Array, request: Request) -> Any:
        make = getattr(import_module(f"TSB_UAD.models.{module}"), name)
        parallel = {"n_jobs": request["threads"]} if name in ("IForest", "LOF") else {}
        matrix = x.reshape(-1, 1) if request["window"] == 1 else tsb_windows(x, request["window"])
        return make(**options, **parallel).fit(matrix).decision_scores_

    return call


def tsb_ocsvm(x: Array, labels: Array, request: Request) -> Any:
    make = import_module("TSB_UAD.models.ocsvm").OCSVM
    fitted, scored = (scaled_rows(tsb_windows(part, request["window"])) for part in (tenth(x), x))
    return make(nu=0.05).fit(fitted, scored).decision_scores_


def tsb_poly(x: Array, labels: Array, request: Request) -> Any:
    make = import_module("TSB_UAD.models.poly").POLY
    measure = import_module("TSB_UAD.models.distance").Fourier()
    return make(power=3, window=request["window"]).fit(x).decision_function(measure=measure).decision_scores_


def tsb_network(module: str, name: str) -> Callable[[Array, Array, Request], Any]:
    """Return a call of a Keras network of TSB-UAD, for the request's number of epochs."""

    def call(x: Array, labels: Array, request: Request) -> Any:
        import_module("tensorflow").config.threading.set_intra_op_parallelism_threads(request["threads"])
        import_module("tensorflow").config.threading.set_inter_op_parallelism_threads(1)
        make = getattr(import_module(f"TSB_UAD.models.{module}"), name)
        if name == "AE_MLP2":
            model = make(slidingWindow=request["window"], epochs=request["epochs"])
            return model.fit(tenth(x), x).decision_scores_
        distance = import_module("TSB_UAD.models.distance")
        measure = distance.Fourier()
        measure.detector = model = make(slidingwindow=request["window"], epochs=request["epochs"], patience=5)
        model.fit(tenth(x), x)
        return model.decision_function(measure=measure).decision_scores_

    return call


# -- other packages ----------------------------------------------------------------------------


def pyod(module: str, name: str, **options: Any) -> Callable[[Array, Array, Request], Any]:
    """Return a call of a PyOD detector; semi-supervised ones are fitted on the windows of the first tenth."""

    def call(x: Array, labels: Array, request: Request) -> Any:
        make = getattr(import_module(f"pyod.models.{module}"), name)
        parallel = {"n_jobs": request["threads"]} if name in ("IForest", "LOF") else {}
        if name not in ("OCSVM", "AutoEncoder"):
            matrix = sliding_window_view(x, request["window"])
            return make(**options, **parallel).fit(np.ascontiguousarray(matrix)).decision_scores_
        fitted, scored = (scaled_rows(sliding_window_view(part, request["window"])) for part in (tenth(x), x))
        epochs = {"epoch_num": request["epochs"]} if name == "AutoEncoder" else {}
        return make(**options, **epochs).fit(fitted).decision_function(scored)

    return call


def sklearn_lof(x: Array, labels: Array, request: Request) -> Any:
    make = import_module("sklearn.neighbors").LocalOutlierFactor
    matrix = np.ascontiguousarray(sliding_window_view(x, request["window"]))
    return -make(n_neighbors=20, n_jobs=request["threads"]).fit(matrix).negative_outlier_factor_


def sklearn_forest(x: Array, labels: Array, request: Request) -> Any:
    make = import_module("sklearn.ensemble").IsolationForest
    matrix = np.ascontiguousarray(sliding_window_view(x, request["window"]))
    return -make(random_state=0, n_jobs=request["threads"]).fit(matrix).score_samples(matrix)


def sklearn_ocsvm(x: Array, labels: Array, request: Request) -> Any:
    make = import_module("sklearn.svm").OneClassSVM
    fitted, scored = (scaled_rows(sliding_window_view(part, request["window"])) for part in (tenth(x), x))
    return -make(nu=0.05, gamma="auto").fit(fitted).score_samples(scored)


def stumpy_mp(x: Array, labels: Array, request: Request) -> Any:
    """Call stumpy, as TSB-UAD does, with its kernels cached: else each process would compile for half a minute."""
    for module, name in import_module("stumpy.cache").get_njit_funcs():
        getattr(import_module(f"stumpy.{module}"), name).enable_caching()
    return import_module("stumpy").stump(x, m=request["window"])[:, 0].astype(np.float64)


def vus(method: str) -> Callable[[Array, Array, Request], Any]:
    """Return a call of a VUS function of the authors' package."""

    def call(x: Array, labels: Array, request: Request) -> Any:
        metricor = import_module("vus.utils.metrics").metricor()
        return getattr(metricor, method)(labels.astype(int), x, request["window"], 250)[-2:]

    return call


CALLS: dict[str, Callable[[Array, Array, Request], Any]] = {
    "ours": ours,
    "ours VUS": ours_vus,
    "TSB-UAD IForest": tsb("iforest", "IForest"),
    "TSB-UAD LOF": tsb("lof", "LOF"),
    "TSB-UAD PCA": tsb("pca", "PCA"),
    "TSB-UAD OCSVM": tsb_ocsvm,
    "TSB-UAD POLY": tsb_poly,
    "TSB-UAD AE": tsb_network("AE", "AE_MLP2"),
    "TSB-UAD CNN": tsb_network("cnn", "cnn"),
    "TSB-UAD LSTM": tsb_network("lstm", "lstm"),
    "PyOD IForest": pyod("iforest", "IForest"),
    "PyOD LOF": pyod("lof", "LOF"),
    "PyOD PCA": pyod("pca", "PCA"),
    "PyOD HBOS": pyod("hbos", "HBOS"),
    "PyOD OCSVM": pyod("ocsvm", "OCSVM", nu=0.05),
    "PyOD AE": pyod(
        "auto_encoder", "AutoEncoder", hidden_neuron_list=[32, 16], batch_size=64, preprocessing=False, verbose=0
    ),
    "scikit-learn LOF": sklearn_lof,
    "scikit-learn IForest": sklearn_forest,
    "scikit-learn OCSVM": sklearn_ocsvm,
    "stumpy MP": stumpy_mp,
    "vus VUS": vus("RangeAUC_volume_opt"),
    "vus (opt_mem) VUS": vus("RangeAUC_volume_opt_mem"),
}

if __name__ == "__main__":
    main()
