#!/usr/bin/env bash
# From the archives to the exported network: run.sh CONFIGURATION TARGET [KEY=VALUE...]. The settings replace those of
# the configuration in the exported network only; TRAINING_SETTINGS="KEY=VALUE ..." replaces them while training. Safe
# to run again after an interruption.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "error: expected run.sh CONFIGURATION TARGET [KEY=VALUE...]" >&2
  exit 2
fi
configuration=$(realpath "$1")
target=$(realpath -m "$2")
shift 2
export_settings=() training_settings=()
for setting in "$@"; do export_settings+=(--set "$setting"); done
read -ra words <<<"${TRAINING_SETTINGS:-}"
for setting in "${words[@]}"; do training_settings+=(--set "$setting"); done
cd "$(dirname "$0")"
python=${PYTHON:-python3}
if [ ! -d "${THROUGHLINE_SHARED:-}" ]; then
  echo "error: set THROUGHLINE_SHARED (or make SHARED=) to the folder that holds data/reid-train and models" >&2
  exit 1
fi
if [ ! -f "$configuration" ]; then
  echo "error: $configuration: no such configuration; those that are shipped lie in configs/" >&2
  exit 1
fi
if ! "$python" -c 'import torch, cv2, yaml' 2>/dev/null; then
  echo "error: $python lacks the packages of requirements.txt; run make setup" >&2
  exit 1
fi
cache="${XDG_CACHE_HOME:-$HOME/.cache}/throughline/training/reid"
archives="$THROUGHLINE_SHARED/data/reid-train"
reid() { "$python" -m throughline_reid --cache "$cache" "$@"; }
reid prepare "$archives/market1501-bounding_box_train.tar.gz" "$cache/data/market1501"
reid prepare "$archives/cuhk03-pair1-train743-detected-64x128.tar.gz" "$cache/data/cuhk03"
reid prepare "$THROUGHLINE_SHARED/data/detection-train/pedestrians-1569.tar.gz" "$cache/data/pedestrians" --boxes
if grep -q '^ *trunk: *\$REID_CACHE' "$configuration"; then reid fetch-trunk; fi
reid teach "$configuration" "${training_settings[@]}"
run="$cache/runs/$(basename "$configuration" .yaml)"
reid train "$configuration" --run "$run" "${training_settings[@]}"
reid export "$run" "$target" "${export_settings[@]}" \
  --calibration "$cache/data/market1501" "$cache/data/cuhk03" "$cache/data/pedestrians" \
  --data "$THROUGHLINE_SHARED/data/reid/market1501-dev150" "$THROUGHLINE_SHARED/data/reid/cuhk01-0001-0485"
