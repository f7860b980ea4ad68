#!/bin/sh
# Writes okichat/money/prices.json from the newest genai-prices, which the app itself does not need: it gets a place of its own
# that is gone afterwards.
set -eu
cd "$(dirname "$0")/.."

own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
.venv/bin/python -m venv "$own"
if ! PIP_USER=0 "$own/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --retries 1 --timeout 15 --upgrade genai-prices; then
    echo "The prices stay as they are: the package genai-prices was not installed, pip says why above. Try again, or set OKICHAT_PRICE_INPUT and OKICHAT_PRICE_OUTPUT." >&2
    exit 1
fi
"$own/bin/python" scripts/prices.py
