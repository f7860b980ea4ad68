#!/bin/sh
# Writes requirements.txt, requirements-dev.txt and requirements-audit.txt from their .in files. Uses uv: the one on the PATH, else one put into .venv.
set -eu
cd "$(dirname "$0")/.."

if uv --version >/dev/null 2>&1; then
    uv=uv
else
    PIP_USER=0 .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
    uv=".venv/bin/python -m uv"
fi
for name in requirements requirements-dev requirements-audit; do
    # shellcheck disable=SC2086
    $uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 "$name.in" -o "$name.txt"
done
