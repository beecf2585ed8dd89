#!/usr/bin/env bash
# Installs what the tests measure against and drive: exiftool, ffprobe, Ceph's object gateway, Node.
# Needs root (or sudo) on a Debian-like system only when something is missing.
set -euo pipefail

declare -A package_of=(
    [exiftool]=libimage-exiftool-perl
    [ffprobe]=ffmpeg
    [radosgw]=radosgw
    [ceph-osd]=ceph-osd
    [ceph-mon]=ceph-mon
    [ceph]=ceph-common
    [node]=nodejs
    [npm]=npm
)

missing=()
for tool in "${!package_of[@]}"; do
    command -v "$tool" >/dev/null || missing+=("${package_of[$tool]}")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "tests need: ${missing[*]} (names of the Debian packages); install them and try again" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
echo "installing test tools: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
