#!/usr/bin/env bash
# Serve the bundle by MONAI Label, for real: its own environment with its older pins, a server on loopback, requests of
# programs by curl and of viewers as their plug-ins send them, many at once, and a killed worker. Writes the transcript
# into docs/monai_label.md. Fails, and leaves the page as it was, if an answer or a heat map differs from
# `monai.bundle run inference` of this environment, an error has another status, or the log names the pair.
# usage: scripts/try_monai_label.sh DATASET_DIR [FOLDER]      (with this package's environment active)
# FOLDER (output/monai_label) keeps the environment, 4 GB; a second run uses it again. DATASET_DIR is a phantom cohort.
set -euo pipefail
checkout=$(realpath "$(dirname "$0")/..")
dataset=$(realpath "$1")
folder=${2:-$checkout/output/monai_label}
mkdir -p "$folder"
folder=$(realpath "$folder")
page=${PAGE:-$checkout/docs/monai_label.md}
environment=$folder/environment
name=lung_nodule_ct_followup_classification
port=${PORT:-8123}
url=http://127.0.0.1:$port
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null || true; rm -rf "$work"' EXIT
cd "$checkout"

if [ ! -f "$environment/.installed" ]; then
    python3 -m venv "$environment"
    pip=("$environment/bin/pip" install --quiet)
    pins=("torch==2.13.0" "numpy==1.26.4" "pydicom<3" "monai==1.6.1")
    # sam2 is built from source, and its build would fetch a second torch: it gets the one that is there.
    {
        "${pip[@]}" "setuptools<81" wheel &&
            "${pip[@]}" "torch==2.13.0" "numpy==1.26.4" &&
            SAM2_BUILD_CUDA=0 "${pip[@]}" --no-build-isolation "monailabel==0.8.5" "${pins[@]}" &&
            # What of this package's needs MONAI Label does not bring.
            "${pip[@]}" "dask[distributed]>=2025.1" "rich>=14" "jinja2>=3.1" "${pins[@]}"
    } 2> "$work/log" || { tail -20 "$work/log"; exit 1; }
    "$environment/bin/pip" check
    touch "$environment/.installed"
fi

python scripts/monai_label_pair.py "$dataset" "$work/studies"
python -m csfnet_bundle label-app --app "$work/app" --studies "$work/studies" > /dev/null
python -m monai.bundle run inference --config_file configs/inference.json --checkpoint_path models/model.pt \
    --dataset_dir "$work/direct" --output_dir "$work/out" --cache_dir "$work/rois" > "$work/log" 2>&1 ||
    { tail -20 "$work/log"; exit 1; }

# From another folder, so that the package is the one inside the app. Two workers: one of them is killed.
(cd "$work" && exec "$environment/bin/python" "$work/app/serve.py" --port "$port" --workers 2) > "$work/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
    curl --silent --fail "$url/info/" > "$work/info.json" && break
    kill -0 "$server" 2> /dev/null || break
    sleep 1
done
[ -s "$work/info.json" ] || { tail -20 "$work/server.log"; exit 1; }

"$environment/bin/python" -c 'import platform, sys; from importlib.metadata import version
print("python", platform.python_version(), *(f"{name} {version(name)}" for name in sys.argv[1:]))' \
    monailabel monai torch numpy pydicom jsonschema > "$work/versions"
python scripts/monai_label_requests.py "$url/infer/$name" "$work" "$page" "$server"
