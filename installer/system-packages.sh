#!/usr/bin/env bash
# Installs what Qt and the tests need from the system's package manager, where we may; otherwise prints the command.
set -euo pipefail

QT="libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 fonts-dejavu-core libxcb-cursor0
libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"
TOOLS="xvfb xauth dcmtk dicom3tools"

command -v dpkg-query >/dev/null 2>&1 || { echo "Not a Debian system: Qt's system libraries must be present already."; exit 0; }
missing=()
for package in $QT $TOOLS; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
else
    echo "MammoView needs system packages. Run this, then try again:"
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}"
    exit 1
fi
