"""Who gets into the dashboard, for how long, and that nobody else does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from okichat.monitoring.security_figures import security_figures
from okichat.monitoring.security_log import SIGN_IN
from okichat.web.sessions import COOKIE
from tests.doubles.clock import StoppedClock
from tests.site import Site
from tests.web.admin.dashboard import FIELD, OTHERS, PASSWORD, SCREENS, page, sign_in


def test_without_a_password_and_a_token_there_is_no_dashboard_and_there_are_no_metrics(
    open_site: Callable[..., Site],
) -> None:
    site = open_site()

    for path in (*SCREENS, *OTHERS, "/admin/sign-in", "/metrics"):
        assert site.client.get(path).status_code == 404
        assert site.client.post(path).status_code == 404


def test_whoever_has_not_signed_in_is_asked_for_the_password(site: Site) -> None:
    for path in (*SCREENS, *OTHERS):
        reply = site.client.get(path)

        assert (reply.status_code, reply.headers["Location"]) == (303, "/admin/sign-in")


def test_the_password_opens_every_screen_and_signing_out_closes_them(owner: Site) -> None:
    owner.ask(FIELD)
    for path in SCREENS:
        page(owner, path)

    owner.client.post("/admin/sign-out")

    assert owner.client.get("/admin").status_code == 303


def test_the_cookie_is_for_the_dashboard_alone_and_for_no_script_or_other_site(site: Site) -> None:
    plain = sign_in(site).headers["Set-Cookie"]
    secure = sign_in(site, base_url="https://localhost").headers["Set-Cookie"]

    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/admin", "Max-Age=43200"):
        assert attribute in plain
        assert attribute in secure
    assert "Secure" not in plain
    assert "Secure" in secure


def test_no_other_page_sets_a_cookie(owner: Site) -> None:
    for path in ("/", "/contact", "/widget", "/healthz", *SCREENS):
        assert "Set-Cookie" not in owner.client.get(path).headers


def test_a_session_ends_after_twelve_hours(owner: Site, clock: StoppedClock) -> None:
    clock.forward(hours=11, minutes=59)
    assert owner.client.get("/admin").status_code == 200

    clock.forward(minutes=2)
    assert owner.client.get("/admin").status_code == 303


@pytest.mark.parametrize("change", [{"SECRET_KEY": "a" * 16}, {"OKICHAT_ADMIN_PASSWORD": "another long password"}])
def test_another_secret_key_or_password_signs_everybody_out(
    open_site: Callable[..., Site], owner: Site, clock: StoppedClock, change: dict[str, str]
) -> None:
    cookie = owner.client.get_cookie(COOKIE, path="/admin")
    assert cookie
    same, changed = (open_site(clock, **{"OKICHAT_ADMIN_PASSWORD": PASSWORD, **more}) for more in ({}, change))

    for site in (same, changed):
        site.client.set_cookie(COOKIE, cookie.value, path="/admin")
    assert same.client.get("/admin").status_code == 200
    assert changed.client.get("/admin").status_code == 303


def test_a_made_up_cookie_does_not_open(site: Site) -> None:
    for value in ("9999999999", "OTk5OTk5OTk5OQ.AAAA", ""):
        site.client.set_cookie(COOKIE, value, path="/admin")
        assert site.client.get("/admin").status_code == 303


def test_a_wrong_password_is_refused_and_the_sixth_try_waits_even_with_the_right_one(site: Site) -> None:
    tries = [sign_in(site, "wrong").status_code for _ in range(5)]

    sixth = sign_in(site)

    assert tries == [403] * 5
    assert sixth.status_code == 429
    assert "Set-Cookie" not in sixth.headers
    assert 0 < int(sixth.headers["Retry-After"]) <= 900
    assert "15 min" in sixth.get_data(as_text=True)


def test_a_try_that_is_refused_counts_as_a_try_and_as_nothing_else(site: Site) -> None:
    for _ in range(7):
        sign_in(site, "mauvais mot de passe")

    today = site.parts.summary.bounds(site.parts.summary.today)
    assert security_figures(site.parts.store, [today]).kinds == {SIGN_IN: 7}


def test_somebody_elses_tries_do_not_lock_the_owner_out(site: Site) -> None:
    for _ in range(6):
        site.client.post("/admin/sign-in", data={"password": "x"}, environ_base={"REMOTE_ADDR": "198.51.100.7"})

    assert sign_in(site).status_code == 303


def test_a_password_too_short_stops_the_start(open_site: Callable[..., Site]) -> None:
    with pytest.raises(Exception, match="OKICHAT_ADMIN_PASSWORD: read a value that is not shown"):
        open_site(OKICHAT_ADMIN_PASSWORD="court")
