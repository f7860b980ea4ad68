"""Templates as Python, kept beside them as Python keeps what it compiled: the next start need not read them again."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache


class KeptTemplates(FileSystemBytecodeCache):
    """One file for each template, for its very text and this code; none where nothing can be written."""

    def __init__(self, templates: Path) -> None:
        """`templates` is the folder with ours; a site's own are kept there too."""
        folder = templates / "__pycache__"
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
        super().__init__(str(folder), f"%s.{_version_of_code()}.jinja")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Called for each template, with what there is to fill in."""
        with contextlib.suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Called with each template that had to be compiled."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def _version_of_code() -> str:
    """Changes with Jinja, and with everything that tells it how to compile."""
    digest = hashlib.sha256(jinja2.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
