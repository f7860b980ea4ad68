#!/bin/sh
# Writes into site/ what Netlify publishes: the static files under the names that pages ask for, and where all else is answered.
set -eu
cd "$(dirname "$0")"

case "${BACKEND_URL:-}" in
    https://?* | http://127.0.0.1:*) ;;
    *)
        echo "BACKEND_URL: set it to the https address of the Okichat that answers, such as https://okichat.up.railway.app" >&2
        exit 1
        ;;
esac

rm -rf site
static=../../static
find "$static" -type f ! -name '*.br' ! -name '*.gz' ! -name '*.md' | while read -r file; do
    name=${file#"$static"/}
    digest=$(sha256sum "$file" | cut -c 1-12)
    target="site/static/${name%.*}.$digest.${name##*.}"
    mkdir -p "$(dirname "$target")"
    cp "$file" "$target"
done
printf '/static/*\n  Cache-Control: public, max-age=31536000, immutable\n  X-Content-Type-Options: nosniff\n' >site/_headers
# A file that is here is served from here; everything else, another version's files included, comes from there.
printf '/* %s/:splat 200\n' "${BACKEND_URL%/}" >site/_redirects
