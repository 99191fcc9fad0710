#!/usr/bin/env bash
# Run the Dockerfile's steps without Docker: what it copies, its installation, its environment, then its health check
# and a prediction, as its user and with a read-only root file system.
# usage: try_steps.sh [FOLDER]   Linux, as root (for the mounts and the user); FOLDER keeps the environment for a next
# run; it may not lie below /tmp
set -euo pipefail
here=$(realpath "$(dirname "$0")")
checkout=$(realpath "$here/../..")
dockerfile=$here/Dockerfile
[ "$(id -u)" = 0 ] || { echo "try_steps.sh: run it as root: it mounts a read-only root and changes the user" >&2; exit 1; }
for tool in unshare setpriv; do
    command -v "$tool" > /dev/null || { echo "try_steps.sh: $tool (util-linux) is needed" >&2; exit 1; }
done
if [ $# -gt 0 ]; then
    mkdir -p "$1"
    work=$(realpath "$1")
else
    work=$(mktemp -d /var/tmp/csfnet_steps_XXXXXX)
    trap 'rm -rf "$work"' EXIT
fi
chmod 755 "$work"

# COPY lines of the build stage, from the checkout.
rm -rf "$work/src" "$work/results"
mkdir -p "$work/src"
while read -r -a words; do
    target=$work${words[-1]}
    for name in "${words[@]:0:${#words[@]}-1}"; do cp -r "$checkout/$name" "$target"; done
done < <(sed -n 's/^COPY \([^-].*\)/\1/p' "$dockerfile")

# Its RUN line that installs.
step=$(sed -n 's/^RUN .* \(\/src\/.*install\.sh \/src\) \(\/opt\/csfnet\)$/\1 \2/p' "$dockerfile")
read -r script source environment <<< "$step"
if [ ! -x "$work$environment/bin/csfnet" ]; then
    rm -rf "${work:?}$environment"
    "$work$script" "$work$source" "$work$environment"
fi
packages=$("$work$environment/bin/pip" list --disable-pip-version-check 2> /dev/null | tail -n +3)
echo "installed: $(wc -l <<< "$packages") packages, $(du -sm "$work$environment" | cut -f1) MB, torch $(awk '$1 == "torch" { print $2 }' <<< "$packages")"

# Its ENV, USER and HEALTHCHECK lines. /opt and the results lie below the work folder; /tmp is a tmpfs as in compose.yaml.
variables=()
while IFS='=' read -r name value; do
    variables+=("$name=$(sed "s#/opt/#$work/opt/#g; s#/results#$work/results#g" <<< "$value")")
done < <(sed -n 's/^ENV //p' "$dockerfile")
user=$(sed -n 's/^USER \([0-9]*\):.*/\1/p' "$dockerfile")
group=$(sed -n 's/^USER [0-9]*:\([0-9]*\)/\1/p' "$dockerfile")
health=$(sed -n 's/^HEALTHCHECK .* CMD \[\(.*\)\]/\1/p' "$dockerfile" | tr -d '",')
mkdir -m 700 "$work/results"
chown "$user:$group" "$work/results"

inside() {
    # A mount namespace of its own: nothing outside of it becomes read-only.
    unshare --mount bash -c '
        set -euo pipefail
        results=$1 user=$2 group=$3
        shift 3
        mount --make-rprivate /
        mount --bind "$results" "$results"
        mount -o remount,bind,ro /
        mount -t tmpfs tmpfs /tmp
        cd "$results"
        exec setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --bounding-set=-all "$@"
    ' inside "$work/results" "$user" "$group" env -i "OMP_NUM_THREADS=${OMP_NUM_THREADS:-}" "${variables[@]}" "$@"
}

echo "user $(inside id -u):$(inside id -g)"
mkdir -m 1777 -p "$work/open"  # anybody may write here, unless the file system is read-only
if inside touch "$work/open/written" 2> /dev/null; then
    echo "try_steps.sh: the root file system can be written" >&2
    exit 1
fi
echo "the root file system cannot be written"
# shellcheck disable=SC2086  # the words of the health check
answer=$(inside $health)
echo "health check \`$health\`: $answer"
inside python -c 'import dicomweb_client, gdcm, highdicom, openjpeg, torch; print(f"GPU: {torch.cuda.is_available()}")'
inside csfnet phantom phantom --subjects 4 2> /dev/null
read -r -a words <<< "$(inside python -c '
import json, pathlib
pair = json.loads(pathlib.Path("phantom/datalist.json").read_text())["inference"][0]
for scan in ("t0", "t1"):
    print(f"--{scan}", "phantom/" + pair[scan]["path"], f"--point{scan[1]}=" + ",".join(map(str, pair[scan]["point"])), end=" ")
print("--space", pair["t1"]["space"])
')"
echo "$ csfnet predict ... --dicom_out"
inside csfnet predict "${words[@]}" --out case --dicom_out 2> /dev/null
echo "written: $(find "$work/results/case" -type f | wc -l) files, $(find "$work/results/case" -name '*.dcm' | wc -l) of them DICOM; salt: $(cd "$work/results" && find .config -type f)"
