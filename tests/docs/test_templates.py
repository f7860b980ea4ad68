"""Templates, what they are given, and docs/templates.md say the same; the guide's worked example works."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment, meta, nodes

from okichat import create_app
from okichat.content import folder
from okichat.sentences import Sentences
from okichat.settings import Settings
from okichat.web.parts import EXTENSION
from okichat.web.public import PUBLIC
from scripts import template_docs
from scripts.stage import brand_settings
from tests.doubles.openai_server import OpenAIServer
from tests.site import STREAMING

EVERYWHERE = {"_", "asset", "url_for", "locale", "stylesheets"}
EVERY_SCREEN = {"address", "request"}
NOT_FOR_VISITORS = ("dashboard/", "patterns.html")
PARSER = Environment(extensions=["jinja2.ext.i18n"])
PARSER.filters.update(dict.fromkeys(("clock_time", "iso"), str))


def _tree(name: str) -> nodes.Template:
    return PARSER.parse((folder("templates") / name).read_text(encoding="utf-8"))


def _names() -> set[str]:
    paths = folder("templates").rglob("*.html")
    return {path.relative_to(folder("templates")).as_posix() for path in paths}


def test_every_template_that_visitors_see_is_listed() -> None:
    assert {name for name in _names() if not name.startswith(NOT_FOR_VISITORS)} == set(PUBLIC)


def test_the_guide_has_every_template_with_its_context_and_blocks() -> None:
    guide = template_docs.GUIDE.read_text(encoding="utf-8")

    assert template_docs.guide(guide) == guide, "run `make docs`"


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_template_uses_only_what_it_is_given_and_what_that_has(name: str) -> None:
    tree = _tree(name)

    own = {node.target.name for node in tree.find_all(nodes.Assign) if isinstance(node.target, nodes.Name)}
    assert meta.find_undeclared_variables(tree) - own - set(PUBLIC[name]) - EVERYWHERE == set()
    assert {path for path in _paths(tree) if not _exists(path, PUBLIC[name])} == set()


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_template_says_in_its_first_line_what_it_needs(name: str) -> None:
    head = (folder("templates") / name).read_text(encoding="utf-8").split("#}")[0]

    assert [given for given, types in PUBLIC[name].items() if None not in types and given not in head] == []


@pytest.mark.parametrize("name", sorted(_names() - set(PUBLIC)))
def test_a_screen_of_the_owner_says_in_its_first_line_what_it_needs(name: str) -> None:
    head, _, body = (folder("templates") / name).read_text(encoding="utf-8").partition("#}")
    tree = PARSER.parse(body)
    names = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    own |= {node.name for node in tree.find_all(nodes.Macro)} | {"loop", "caller", "super", "namespace"}
    own |= {
        each if isinstance(each, str) else each[1] for node in tree.find_all(nodes.FromImport) for each in node.names
    }

    given = names - own - EVERYWHERE - EVERY_SCREEN

    assert [each for each in given if not re.search(rf"\b{each}\b", head)] == []


def test_a_name_that_is_not_given_is_found_by_the_test_above() -> None:
    paths = set(_paths(PARSER.parse("{{ page.contact.telephone }}{{ page.firm }}{{ page.thread[0].id }}")))

    assert {path for path in paths if not _exists(path, PUBLIC["chat/page.html"])} == {("page", "contact", "telephone")}


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[FlaskClient]:
    """The worked example of the guide."""
    with OpenAIServer() as model:
        paid = {"OPENAI_API_KEY": "sk-test-key", "OPENAI_BASE_URL": model.base_url}
        model.always_reply("Bonjour.")
        settings = {**brand_settings(), **paid, "DATABASE_URL": f"sqlite:///{tmp_path / 'okichat.db'}"}
        app = create_app(Settings.from_environment(settings))
        app.extensions["model"] = model
        yield app.test_client()
        app.extensions[EXTENSION].close()


def test_the_worked_example_has_its_own_brand_layout_knowledge_prompt_and_sentences(nursery: FlaskClient) -> None:
    page = nursery.get("/").get_data(as_text=True)
    sheet = re.search(r'href="(/static/site\.\w+\.css)"', page)
    stream = nursery.post("/chat", data={"question": "Livrez-vous à domicile ?"}, headers=STREAMING)

    assert sheet
    assert "--brand: #7a3b12" in nursery.get(sheet[1]).get_data(as_text=True)
    assert "Pépinières Roche" in page
    assert page.index('class="column sheet shop"') < page.index(
        'role="log"'
    )  # the other layout, around the shipped one
    assert "M32 4C14 4" in page  # its logo
    assert "La livraison" in stream.get_data(as_text=True)  # its knowledge is the source
    sent = nursery.application.extensions["model"].requests[-1].body["messages"]
    assert "une pépinière familiale" in sent[0]["content"]
    outside = nursery.post("/api/chat", json={"question": "Quel temps fera-t-il demain ?"}).get_json()
    assert outside["response"].startswith("Là, nous séchons")
    for path in ("/widget", "/contact", "/confidentialite", "/nowhere"):
        assert sheet[1] in nursery.get(path).get_data(as_text=True)


def _paths(tree: nodes.Node) -> Iterator[tuple[str, ...]]:
    """`page.contact.email` as its parts, wherever a name is followed by attributes."""
    for node in tree.find_all(nodes.Getattr):
        parts: list[str] = [node.attr]
        inner: nodes.Expr = node.node
        while isinstance(inner, nodes.Getattr):
            parts.append(inner.attr)
            inner = inner.node
        if isinstance(inner, nodes.Name):
            yield (inner.name, *reversed(parts))


def _exists(path: tuple[str, ...], given: Any) -> bool:
    """Whether one of the types of the first name has these attributes; names that the template sets itself pass."""
    name, *attributes = path
    kinds = [kind for kind in given.get(name, ()) if dataclasses.is_dataclass(kind)]
    return not kinds or any(_has(kind, attributes) for kind in kinds)


def _has(kind: Any, attributes: list[str]) -> bool:
    for attribute in attributes:
        if not dataclasses.is_dataclass(kind):
            return True  # of a text or a number
        hints = get_type_hints(kind)
        if attribute not in hints:
            return isinstance(getattr(kind, attribute, None), property)
        kind = _one_of(hints[attribute])
    return True


def _one_of(hint: Any) -> Any:
    """The type itself of a type that may be None."""
    if get_origin(hint) in (Union, UnionType):
        return next(kind for kind in get_args(hint) if kind is not NoneType)
    return hint


def test_the_guides_own_sentence_takes_the_shipped_ones_place(tmp_path: Path) -> None:
    (example,) = re.findall(r"```po\n(.*?)```", template_docs.GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "fr.po").write_text(example, encoding="utf-8")

    said = Sentences(tmp_path)("fr")("refusal.too_many", minutes=3)

    assert said == "Doucement : reposez votre question dans 3 min."
