#!/bin/sh
# Makes .venv and installs hashed requirements into it; does nothing when that is done already.
# Usage: sh scripts/install.sh run|test      PYTHON=/path/to/python3 chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

case ${1-} in
    run) files="requirements.txt" ;;
    test) files="requirements.txt requirements-dev.txt" ;;
    *) echo "Usage: sh scripts/install.sh run|test" >&2; exit 2 ;;
esac
stamp=.venv/okichat-$1.txt  # a copy of what was installed: a changed lock differs from it
unfinished=.venv/okichat-unfinished  # holds the process that installs; outlives it only if that was interrupted

# Says of one interpreter: "ok 3.11", "bare 3.11" (it cannot make a virtual environment), "old 3.9", or nothing if it does not run.
judge() {
    "$1" -c '
import sys
version = "%d.%d" % sys.version_info[:2]
if sys.version_info < (3, 11):
    print("old " + version)
else:
    try:
        import ensurepip, venv
        print("ok " + version)
    except ImportError:
        print("bare " + version)
' 2>/dev/null || true
}

find_python() {
    old="" bare=""
    if [ -n "${PYTHON-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11 python
        # pyenv's commands refuse to run where .python-version names a version it has not; its interpreters run all the same.
        if command -v pyenv >/dev/null 2>&1; then
            set -- "$@" "$(pyenv root)"/versions/3.1[1-9]*/bin/python3
        fi
    fi
    for candidate in "$@"; do
        verdict=$(judge "$candidate")
        case $verdict in
            ok*) echo "$candidate"; return ;;
            bare*) bare=${bare:-${verdict#bare }} ;;
            old*) old=${old:-${verdict#old }} ;;
        esac
    done
    if [ -n "$bare" ]; then
        echo "Python $bare is here without its venv module: install that (Debian, Ubuntu: apt-get install python$bare-venv), or name another interpreter with PYTHON=/path/to/python3." >&2
    else
        found="none was found"
        [ -z "$old" ] || found="found only $old"
        echo "Okichat needs Python 3.11 or newer ($found): install it (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python3), or name one with PYTHON=/path/to/python3." >&2
    fi
    exit 1
}

# True if .venv runs, is whole, and is of the version that PYTHON asks for, when it does.
usable() {
    [ -x .venv/bin/python ] && [ ! -e "$unfinished" ] || return 1
    case $(judge .venv/bin/python) in
        ok*) [ -z "${PYTHON-}" ] || [ "$(judge .venv/bin/python)" = "$(judge "$PYTHON")" ] ;;
        *) return 1 ;;
    esac
}

said=""
while [ -e "$unfinished" ] && other=$(cat "$unfinished") && [ -n "$other" ] && kill -0 "$other" 2>/dev/null; do
    [ -n "$said" ] || echo "Waiting for process $other, which installs into .venv."
    said=yes
    sleep 1
done

if usable; then
    # shellcheck disable=SC2086
    if cat $files | cmp -s - "$stamp"; then
        exit 0
    fi
else
    python=$(find_python)
    verdict=$(judge "$python")
    echo "Making .venv with $python (${verdict#ok })."
    rm -rf .venv
    mkdir .venv
    echo $$ > "$unfinished"
    "$python" -m venv .venv
fi

echo $$ > "$unfinished"
echo "Installing $(echo "$files" | sed 's/ / and /') into .venv; this is done once."
arguments=""
for file in $files; do
    arguments="$arguments -r $file"
done
# PIP_USER: a user's pip configuration may ask for --user, which a virtual environment refuses.
# shellcheck disable=SC2086
if ! PIP_USER=0 .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes $arguments; then
    echo "The packages were not installed: pip says why above; the same command tries again." >&2
    exit 1
fi
# shellcheck disable=SC2086
cat $files > "$stamp"
rm "$unfinished"
