"""What opens doors is compared so that the time tells nothing: always two hashes of one length, by the function made for it.

`make attack` measures it."""

from __future__ import annotations

import ast
import hmac
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import okichat
from tests.site import Site

PASSWORD = "un mot de passe long"
TOKEN = "jeton-de-prometheus"
GUESSES = ("", "u", PASSWORD[:-1], PASSWORD[:-1] + "#", PASSWORD + "#", "é" * 500, PASSWORD)
_SECRET = re.compile(r"_?(admin_)?password|metrics_token|secret_key")


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """What is compared from now on."""
    pairs: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def spy(first: bytes, second: bytes) -> bool:
        pairs.append((first, second))
        return real(first, second)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    return pairs


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_METRICS_TOKEN=TOKEN)


@pytest.mark.parametrize("guess", GUESSES)
def test_a_password_is_compared_once_as_hashes_of_one_length(
    site: Site, compared: list[tuple[bytes, bytes]], guess: str
) -> None:
    status = site.client.post("/admin/sign-in", data={"password": guess}).status_code

    [(known, given)] = compared
    assert len(known) == len(given) == 32
    assert status == (303 if guess == PASSWORD else 403)


@pytest.mark.parametrize("guess", ["", "j", TOKEN[:-1] + "#", TOKEN + "#", TOKEN])
def test_a_token_is_compared_once_as_hashes_of_one_length(
    site: Site, compared: list[tuple[bytes, bytes]], guess: str
) -> None:
    status = site.client.get("/metrics", headers={"Authorization": f"Bearer {guess}"}).status_code

    [(known, given)] = compared
    assert len(known) == len(given) == 32
    assert status == (200 if guess == TOKEN else 401)


def test_no_code_compares_a_secret_in_another_way() -> None:
    folder = Path(okichat.__file__).parent
    files = [path for path in folder.rglob("*.py") if "shipped" not in path.parts]

    assert len(files) > 100
    assert [f"{path}:{line}" for path in files for line in _comparisons(path.read_text(encoding="utf-8"))] == []
    assert list(_comparisons("x = self._password == given")) == [1]
    assert list(_comparisons("x = given in (metrics_token, other)")) == [1]


def _comparisons(source: str) -> Iterator[int]:
    """The lines that compare a name of a secret with anything but None or a constant."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_is_secret(inner) for side in sides for inner in ast.walk(side)) and not any(
                isinstance(side, ast.Constant) for side in sides
            ):
                yield node.lineno


def _is_secret(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return _SECRET.fullmatch(name) is not None
