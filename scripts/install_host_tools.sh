#!/bin/sh
# Installs the tools of Vercel and Netlify for `make test-deploy` into .host-tools (1.2 GB), and uv, which Vercel's builds use.
# Never fails: the tests list by name what could not run.
set -eu
cd "$(dirname "$0")/.."

if ! .venv/bin/python -m uv --version >/dev/null 2>&1; then
    PIP_USER=0 .venv/bin/python -m pip install --quiet --disable-pip-version-check uv || echo "uv could not be installed."
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "The tests of Vercel and Netlify cannot run without Node and its npm (Debian: apt-get install npm)."
    exit 0
fi
for tool in vercel netlify; do
    wanted=tests/deploy/tools/$tool.json
    folder=.host-tools/$tool
    cmp -s "$wanted" "$folder/installed.json" && continue
    echo "Installing the tool of $tool into $folder."
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$wanted" "$folder/package.json"
    if (cd "$folder" && npm install --no-audit --no-fund --loglevel=error); then
        cp "$wanted" "$folder/installed.json"
    else
        echo "npm could not install the tool of $tool."
    fi
done
