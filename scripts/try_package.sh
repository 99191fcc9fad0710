#!/usr/bin/env bash
# Use a packed bundle as somebody who has nothing else: a new environment, the unpacked archive, its own README's
# command; then compare with the checkout. Fails if a probability differs.
# usage: scripts/try_package.sh ARCHIVE.zip DATASET_DIR
set -euo pipefail
archive=$(realpath "$1")
dataset=$(realpath "$2")
checkout=$(realpath "$(dirname "$0")/..")
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bundle=$work/lung_nodule_ct_followup_classification
run=(-m monai.bundle run inference --config_file configs/inference.json --dataset_dir "$dataset" --cache_dir "$work/rois")

"$python" -m zipfile -e "$archive" "$work"
"$python" -m venv "$work/environment"
"$work/environment/bin/pip" install --quiet torch==2.13.0 2> /dev/null
"$work/environment/bin/pip" install --quiet --editable "$bundle" 2> /dev/null
echo "a new environment of $("$work/environment/bin/pip" list 2> /dev/null | tail -n +3 | wc -l) packages"

(cd "$bundle" && "$work/environment/bin/python" "${run[@]}" --output_dir "$work/there" 2> "$work/log" > /dev/null) ||
    { tail -20 "$work/log"; exit 1; }
(cd "$bundle" && "$work/environment/bin/python" -c 'import csfnet_bundle; print(csfnet_bundle.__file__)') |
    sed "s|$work/||; s|^|the package is |"
(cd "$checkout" && python "${run[@]}" --checkpoint_path models/model.pt --output_dir "$work/here" 2> "$work/log" > /dev/null) ||
    { tail -20 "$work/log"; exit 1; }

"$work/environment/bin/python" - "$work/there/predictions.csv" "$work/here/predictions.csv" << 'END'
import sys

import pandas as pd

there, here = (pd.read_csv(name, dtype={"subject": str, "nodule": str}) for name in sys.argv[1:])
difference = (there["probability"] - here["probability"]).abs().max()
for row in there.itertuples():
    print(f"{row.subject}/{row.nodule}: probability {row.probability:.6f}")
print(f"largest difference from the checkout: {difference:.1e}")
sys.exit(0 if list(there["subject"]) == list(here["subject"]) and difference < 1e-6 else 1)
END
