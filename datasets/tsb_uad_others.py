"""The fourteen sets of TSB-UAD's public zip that are not in the paper's table."""

from __future__ import annotations

from datasets.core import Archive

CITATION = (
    "Paparrizos, Kang, Boniol, Tsay, Palpanas and Franklin: TSB-UAD: an end-to-end benchmark suite for univariate "
    "time-series anomaly detection. PVLDB 15(8), 2022"
)
# Name, number of series, description. The numbers are the column "Count" in the README of TSB-UAD, where OPPORTUNITY is
# OPP. With the four sets of the main table they are the 1,980 series of the paper.
SETS = (
    ("Daphnet", 45, "acceleration at hip and leg of patients with Parkinson's disease"),
    ("ECG", 52, "electrocardiograms"),
    ("GHL", 126, "telemetry of a gasoil heating loop"),
    ("IOPS", 58, "performance indicators of web services (AIOps challenge)"),
    ("KDD21", 250, "the UCR anomaly archive"),
    ("MITDB", 32, "ambulatory electrocardiograms, MIT-BIH arrhythmia"),
    ("NAB", 58, "Numenta anomaly benchmark"),
    ("NASA-SMAP", 54, "telemetry of the SMAP satellite"),
    ("OPPORTUNITY", 465, "body-worn motion sensors"),
    ("Occupancy", 10, "room climate and occupancy"),
    ("SMD", 281, "server machines"),
    ("SVDB", 115, "supraventricular electrocardiograms"),
    ("SensorScope", 23, "environmental sensors"),
    ("YAHOO", 367, "Yahoo's S5: real and synthetic traffic"),
)
# Their training files are labelled and counted as series: the 58 of IOPS are two files for each of 29 indicators. The
# file names are in the lists of series of https://github.com/boniolp/MSAD (experiments/supervised_splits).
WITH_TRAIN = ("IOPS", "Occupancy")
NOTES = (
    "Series are named like their files. Separate training files are not used, "
    "except for IOPS and Occupancy, where they are series like the others. "
    "Series with labels of one kind only are refused."
)

DATASETS = tuple(
    Archive(
        name,
        title,
        count=count,
        with_train=name in WITH_TRAIN,
        licence="that of its original publisher",
        citation=CITATION,
        urls=("https://github.com/TheDatumOrg/TSB-UAD",),
        notes=NOTES,
    )
    for name, count, title in SETS
)
