"""The names under which the site answers, and those under which it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from okichat.errors import SettingsError
from okichat.settings import Settings
from okichat.web.host_header import is_listed
from tests.site import FRAGMENT, Site

OpenSite = Callable[..., Site]
NAMES = "chat.exemple.fr, *.exemple.com"


def test_the_site_answers_under_its_names(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ALLOWED_HOSTS=NAMES)

    for host in ("chat.exemple.fr", "CHAT.exemple.fr:8000", "chat.exemple.fr.", "a.exemple.com", "a.b.exemple.com"):
        assert site.client.get("/", headers={"Host": host}).status_code == 200


def test_under_another_name_a_calm_page_says_so(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ALLOWED_HOSTS=NAMES)

    for host in (
        "evil.example",
        "exemple.com",
        "evilexemple.com",
        "chat.exemple.fr.evil.example",
        "10.0.0.1",
        "a b",
        "",
    ):
        page = site.client.get("/", headers={"Host": host})
        program = site.client.post("/api/chat", json={"question": "Vos tarifs ?"}, headers={"Host": host})

        assert (page.status_code, program.status_code, program.get_json()["code"]) == (400, 400, "host"), host
        assert "Ce n'est pas la bonne adresse" in page.text.replace("&#39;", "'")
        assert "evil" not in page.text


def test_hosts_look_after_the_site_by_its_address_all_the_same(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ALLOWED_HOSTS=NAMES)

    assert [
        site.client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code for path in ("/healthz", "/readyz")
    ] == [200, 200]


def test_without_a_list_any_name_will_do(site: Site) -> None:
    assert [
        site.client.get("/", headers={"Host": host}).status_code for host in ("any.example", "10.0.0.7", "a b", "")
    ] == [200] * 4


def test_a_prepared_answer_does_not_get_past_the_list(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ALLOWED_HOSTS="localhost")

    statuses = [
        site.submit("Bonjour", {**FRAGMENT, "Host": host}).status_code
        for host in ("localhost", "localhost", "localhost", "evil.example", "evil.example")
    ]

    assert statuses == [200, 200, 200, 400, 400]


def test_addresses_in_brackets_are_names_too() -> None:
    assert is_listed("[::1]:8000", ("[::1]",))
    assert is_listed("[::1]", ("[::1]",))
    assert not is_listed("[::2]:8000", ("[::1]",))


@pytest.mark.parametrize("written", ["https://exemple.fr", "exemple.fr:8000", "*", "a*.exemple.fr", "exemple.fr/chat"])
def test_what_is_no_name_is_told_at_the_start(written: str) -> None:
    with pytest.raises(SettingsError, match="OKICHAT_ALLOWED_HOSTS"):
        Settings.from_environment({"OKICHAT_ALLOWED_HOSTS": written})
