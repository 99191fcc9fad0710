#!/bin/sh
# Install the bundle as a wheel into a new virtual environment, with what `follow-up` needs.
# The Dockerfile and try_steps.sh both call this file, so that what is tried is what the image holds.
# usage: install.sh SOURCE ENVIRONMENT
# TORCH_INDEX: package index for torch alone, e.g. PyTorch's own one with builds for CPUs; by default pip's index.
set -eu
source=$1
environment=$2
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT

python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || {
    echo "install.sh: Python 3.11 or 3.12 is needed, python3 is $(python3 --version)" >&2
    exit 1
}
python3 -m venv "$environment"
pip="$environment/bin/pip --disable-pip-version-check --quiet"
# First and exactly: a range takes another build of torch than the one that the bundle is tested with.
$pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
$pip wheel --no-deps --wheel-dir "$wheels" "$source"
$pip install "$(echo "$wheels"/csfnet_bundle-*.whl)[pacs]"
