"""Whatever a hostile client puts into a form, an address or a header is answered, and never by an error of the server.

`make attack` sends 20,000 of these requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attack.fuzzing import Fuzzer, fuzzed_site
from tests.attack.ways_in import OWNER_FORMS, OWNER_PAGES, PAGES, VISITOR_FORMS
from tests.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with fuzzed_site(tmp_path_factory.mktemp("fuzz")) as opened:
        yield opened


def test_no_request_is_an_error_of_the_server(site: Site) -> None:
    fuzzer = Fuzzer(site)

    fuzzer.run(250, seed=1)

    assert {200, 303, 400, 403, 404, 405} <= set(fuzzer.statuses), fuzzer.statuses


def test_every_address_of_the_app_is_among_those_that_are_tried(site: Site) -> None:
    matcher = site.app.url_map.bind("localhost")
    tried = {
        (matcher.match(path, method)[0], method)
        for method, paths in (("POST", (*VISITOR_FORMS, *OWNER_FORMS)), ("GET", (*PAGES, *OWNER_PAGES)))
        for path in paths
    }
    there = {
        (rule.endpoint, method)
        for rule in site.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert there - tried == set()


@pytest.mark.parametrize("name", ["endpoint", "_method", "_scheme", "_external", "_anchor", "self", "values"])
def test_an_argument_that_means_something_in_the_code_means_nothing_in_an_address(site: Site, name: str) -> None:
    response = site.client.get("/admin/sign-in", query_string={name: "javascript"})

    assert response.status_code == 200
    assert f'href="?{name}=javascript&amp;lang=en"' in response.get_data(as_text=True)
