#!/bin/sh
# Asks the package index for known vulnerabilities in requirements.txt, with pip-audit in an environment of its own.
# Fails where there are some; says so and goes on where the index does not answer.
set -eu
cd "$(dirname "$0")/.."

tool=.venv/audit
if ! cmp -s requirements-audit.txt "$tool/installed.txt"; then
    rm -rf "$tool"
    .venv/bin/python -m venv "$tool"
    if ! PIP_USER=0 "$tool/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        --timeout 10 --retries 1 -r requirements-audit.txt >/dev/null 2>&1; then
        rm -rf "$tool"
        echo "Vulnerabilities: not looked for, pip-audit could not be installed."
        exit 0
    fi
    cp requirements-audit.txt "$tool/installed.txt"
fi
rm -f "$tool/found.json"
"$tool/bin/python" -m pip_audit --requirement requirements.txt --require-hashes --disable-pip --progress-spinner off \
    --timeout 10 --format json --output "$tool/found.json" >/dev/null 2>"$tool/said.txt" || true
.venv/bin/python scripts/supply.py "$tool/found.json"
