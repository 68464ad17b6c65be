"""Distance from each window to the nearest fitted one, in a Python of any environment: no import beyond its library.

python -m benchmark run --detector 'exec:/usr/bin/python3 examples/programs/neighbours.py --top 3' --dataset Genesis
"""

import argparse
import json
import math
import random
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--top", type=int, default=1, help="which neighbour counts")
parser.add_argument("--compared", type=int, default=200, help="fitted windows to compare with, drawn by the seed")
parser.add_argument("folder", type=Path)
args = parser.parse_args()

request = json.loads((args.folder / "request.json").read_text())
window = request["window"]
series = [float(line) for line in (args.folder / request["series"]).read_text().split()]
pieces = [
    [float(line) for line in piece.split()] for piece in (args.folder / request["train"]).read_text().split("\n\n")
]

starts = [(piece, at) for piece in pieces for at in range(len(piece) - window + 1)]
drawn = random.Random(request["seed"]).sample(starts, min(args.compared, len(starts)))
fitted = [piece[at : at + window] for piece, at in drawn]
print(f"comparing with {len(fitted)} windows of {window} points")  # goes to the log

scores = [0.0] * len(series)
for start in range(len(series) - window + 1):
    mine = series[start : start + window]
    distances = sorted(math.dist(mine, other) for other in fitted)
    scores[start + window // 2] = distances[min(args.top, len(distances)) - 1]

(args.folder / request["scores"]).write_text("".join(f"{score!r}\n" for score in scores))
