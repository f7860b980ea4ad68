#!/bin/sh
# Installs what the tests drive beside Python (Chromium, Redis, PostgreSQL, nginx, PgBouncer) where that can be done without asking: as root on
# Debian or Ubuntu. Elsewhere it says how. Never fails: the tests list by name what could not run.
set -eu

has() {
    for name in "$@"; do
        if command -v "$name" >/dev/null 2>&1 || [ -x "$name" ]; then
            return 0
        fi
    done
    return 1
}

postgres_of_debian=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | head -n 1 || true)
chrome_of_macos="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
chromium_of_macos="/Applications/Chromium.app/Contents/MacOS/Chromium"
distribution=$(. /etc/os-release 2>/dev/null && echo "$ID" || true)

missing=""
has ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable "$chrome_of_macos" "$chromium_of_macos" || missing="chromium"
has redis-server || missing="$missing redis-server"
has postgres ${postgres_of_debian:+"$postgres_of_debian"} || missing="$missing postgresql"
has nginx /usr/sbin/nginx || missing="$missing nginx-light"
has pgbouncer /usr/sbin/pgbouncer || missing="$missing pgbouncer"
[ -n "$missing" ] || exit 0

# Ubuntu's chromium is a snap, which neither root in a container nor Playwright can drive.
wanted=$missing
[ "$distribution" = ubuntu ] && wanted=$(echo "$missing" | sed 's/chromium//')
case $distribution in
    debian | ubuntu)
        if [ "$(id -u)" = 0 ] && [ -n "$(echo "$wanted" | tr -d ' ')" ]; then
            echo "Installing for the tests:" $wanted
            export DEBIAN_FRONTEND=noninteractive
            # shellcheck disable=SC2086
            if apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted >/dev/null; then
                [ "$wanted" = "$missing" ] && exit 0
                missing=chromium
            fi
        fi
        ;;
esac
echo "Some tests cannot run without:" $missing
echo "  Debian, as root: apt-get install" $missing
echo "  macOS: Google Chrome as usual; brew install redis postgresql@16 nginx pgbouncer"
echo "  CHROMIUM=/path/to/chrome names a browser that is elsewhere."
