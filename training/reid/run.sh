#!/usr/bin/env bash
# From the archives to the exported network: run.sh CONFIGURATION TARGET [KEY=VALUE...]. The settings replace those of
# the configuration in the exported network only. Safe to run again after an interruption.
set -euo pipefail
configuration=$(realpath "$1")
target=$(realpath -m "$2")
shift 2
settings=()
for setting in "$@"; do settings+=(--set "$setting"); done
cd "$(dirname "$0")"
python=${PYTHON:-python3}
if [ ! -d "${THROUGHLINE_SHARED:-}" ]; then
  echo "error: set THROUGHLINE_SHARED (or make SHARED=) to the folder that holds data/reid-train and models" >&2
  exit 1
fi
cache="${XDG_CACHE_HOME:-$HOME/.cache}/throughline/training/reid"
archives="$THROUGHLINE_SHARED/data/reid-train"
reid() { "$python" -m throughline_reid --cache "$cache" "$@"; }
reid prepare "$archives/market1501-bounding_box_train.tar.gz" "$cache/data/market1501"
reid prepare "$archives/cuhk03-pair1-train743-detected-64x128.tar.gz" "$cache/data/cuhk03"
reid prepare "$THROUGHLINE_SHARED/data/detection-train/pedestrians-1569.tar.gz" "$cache/data/pedestrians" --boxes
if grep -q '^ *trunk: *~' "$configuration"; then reid fetch-trunk; fi
reid teach "$configuration"
run="$cache/runs/$(basename "$configuration" .yaml)"
reid train "$configuration" --run "$run"
reid export "$run" "$target" "${settings[@]}" --calibration "$cache/data/market1501" "$cache/data/cuhk03" "$cache/data/pedestrians" \
  --data "$THROUGHLINE_SHARED/data/reid/market1501-dev150" "$THROUGHLINE_SHARED/data/reid/cuhk01-0001-0485"
