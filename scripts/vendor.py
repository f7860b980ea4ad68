"""Check the vendored scripts against their pinned hashes and write their .br and .gz beside them.

With the path of an unpacked htmx.org package it first copies the scripts from there:
python scripts/vendor.py [folder/with/package]"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import sys
from pathlib import Path

import brotli

VENDOR = Path(__file__).parent.parent / "static" / "vendor"
ORIGINS = {"htmx.min.js": "dist/htmx.min.js", "hx-sse.min.js": "dist/ext/hx-sse.min.js"}
HASHES = {
    "htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-sse.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
}


def main(package: Path | None = None) -> None:
    """Copy, check, compress. Exits with a sentence when a script is not the pinned one."""
    for name, expected in HASHES.items():
        script = VENDOR / name
        if package:
            shutil.copyfile(package / ORIGINS[name], script)
        content = script.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            sys.exit(f"{name}: sha256 is {found}, pinned is {expected}; see static/vendor/README.md")
        script.with_name(f"{name}.br").write_bytes(brotli.compress(content))
        script.with_name(f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
