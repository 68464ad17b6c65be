#!/bin/sh
# Distance from the mean of the fitted values, in POSIX shell and awk:
#   python -m benchmark run --detector 'exec:./examples/programs/mean.sh' --dataset Genesis
# `--absolute` is an option of its own; the last argument is the folder.
set -eu
absolute=0
while [ $# -gt 1 ]; do
    case $1 in
    --absolute) absolute=1 ;;
    *) echo "unknown option $1" >&2 && exit 2 ;;
    esac
    shift
done
cd "$1"
echo "fitting $(wc -l <train.csv) values, scoring $(wc -l <series.csv)" # goes to the log
awk -v absolute="$absolute" '
    NR == FNR { if (NF) { sum += $1; count++ } next } # train.csv; an empty line parts its pieces
    FNR == 1 { mean = count ? sum / count : 0 }
    { distance = $1 - mean; if (absolute && distance < 0) distance = -distance; printf "%.17g\n", distance }
' train.csv series.csv >scores.csv
