"""Static files under names that hold their hash: kept for ever by browsers, compressed once."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli
from flask import Blueprint, Flask, Response, abort, request, url_for

_FOR_EVER = "public, max-age=31536000, immutable"
_WORTH_COMPRESSING = (".css", ".js", ".svg", ".txt", ".json")
_STYLESHEETS = ("okichat.css", "site.css")
_PRECOMPRESSED = {"br": ".br", "gzip": ".gz"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, its hashed public name and its type."""

    path: Path
    public_name: str
    content_type: str

    @classmethod
    def of(cls, path: Path, folder: Path) -> Asset:
        """The asset of a file in `folder`."""
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        public = path.relative_to(folder).with_name(f"{path.stem}.{digest}{path.suffix}").as_posix()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return cls(path, public, f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)


def serve_assets(app: Flask, folder: Path, templates: Path | None = None) -> None:
    """Serve `folder` under /static/, and give templates `asset("okichat.css")`, the address of a file.

    A site's own `templates` may have a folder `static` too: its files come before the shipped ones of the same name, and
    its `site.css` is a style sheet of every page (`stylesheets`). In debug mode files may change, as templates may."""
    folders = [folder, templates / "static"] if templates else [folder]

    def read() -> tuple[dict[str, Asset], dict[str, Asset]]:
        assets = {path.relative_to(of).as_posix(): Asset.of(path, of) for of in folders for path in _files(of)}
        return assets, {asset.public_name: asset for asset in assets.values()}

    at_start = read()
    known = read if app.debug else lambda: at_start
    blueprint = Blueprint("assets", __name__)

    @blueprint.get("/static/<path:name>")
    def file(name: str) -> Response:
        """A static file; under its plain name too, for people who type it, but then not for ever."""
        assets, by_public_name = known()
        found, plain = by_public_name.get(name), assets.get(name)
        if found is None and plain is None:
            abort(404)
        return _reply(found or plain, for_ever=found is not None)  # type: ignore[arg-type]

    def asset(name: str) -> str:
        return url_for("assets.file", name=known()[0][name].public_name)

    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["stylesheets"] = tuple(name for name in _STYLESHEETS if name in at_start[0])


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in _PRECOMPRESSED.values())


def _reply(asset: Asset, *, for_ever: bool) -> Response:
    encoding = next((name for name in _PRECOMPRESSED if request.accept_encodings[name] > 0), None)
    worth_it = asset.path.suffix in _WORTH_COMPRESSING
    body = _body(asset, encoding if worth_it else None)
    response = Response(body, content_type=asset.content_type)
    if worth_it:
        response.headers["Vary"] = "Accept-Encoding"
        if encoding:
            response.headers["Content-Encoding"] = encoding
    response.headers["Cache-Control"] = _FOR_EVER if for_ever else "no-cache"
    response.set_etag(hashlib.sha256(body).hexdigest()[:16])
    response.make_conditional(request)
    return response


@cache
def _body(asset: Asset, encoding: str | None) -> bytes:
    """The bytes to send: the file shipped beside it in that encoding, else compressed here, once."""
    path = asset.path
    if encoding is None:
        return path.read_bytes()
    shipped = path.with_name(path.name + _PRECOMPRESSED[encoding])
    if shipped.is_file():
        return shipped.read_bytes()
    raw = path.read_bytes()
    return brotli.compress(raw) if encoding == "br" else gzip.compress(raw, 9, mtime=0)
