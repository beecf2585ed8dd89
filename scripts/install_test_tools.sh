#!/usr/bin/env bash
# Installs what the tests measure against and drive: exiftool, ffprobe, Ceph's object gateway, Node, Azurite, Chromium.
# Needs root (or sudo) on a Debian-like system only when something is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

AZURITE_VERSION=3.35.0

declare -A package_of=(
    [exiftool]=libimage-exiftool-perl
    [ffprobe]=ffmpeg
    [radosgw]=radosgw
    [ceph-osd]=ceph-osd
    [ceph-mon]=ceph-mon
    [ceph]=ceph-common
    [openssl]=openssl
    [pg_ctlcluster]=postgresql
    [setpriv]=util-linux
    [chromium]=chromium
    [node]=nodejs
    [npm]=npm
)

install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "tests need: $* (names of the Debian packages); install them and try again" >&2
        exit 1
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo)
    fi
    echo "installing test tools: $*"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

missing=()
for tool in "${!package_of[@]}"; do
    command -v "$tool" >/dev/null || missing+=("${package_of[$tool]}")
done
if [ ${#missing[@]} -gt 0 ]; then
    install_packages "${missing[@]}"
fi
if [ ! -x node_modules/.bin/azurite-blob ]; then
    echo "installing test tools: azurite"
    npm install --silent --no-audit --no-fund --no-save --no-package-lock "azurite@$AZURITE_VERSION"
fi
