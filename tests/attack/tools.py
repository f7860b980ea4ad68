"""Other people's tools against the running app: schemathesis, wapiti and Mozilla's observatory."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.attack.cross_site import let_through
from tests.attack.outcome import Outcome
from tests.attack.target import OWNER_PASSWORD, running
from tests.doubles.openai_addresses import tls_context
from tests.served import ROOT

WAPITI = "wapiti3==3.2.3"
OBSERVATORY = "@mdn/mdn-http-observatory@1.4.8"
_TOOLS = ROOT / ".venv"
_SCANNER = Path("node_modules/@mdn/mdn-http-observatory")
# Not among them: ssl; ldap, which nothing here speaks and which takes a page that changes between two looks for an injection, such as
# the dashboard with its figures of the moment; and those that need a host outside (ssrf, xxe, log4shell) or a list of names from one.
_MODULES = (
    "backup", "cookieflags", "crlf", "csp", "csrf", "exec", "file", "htaccess", "http_headers", "information_disclosure",
    "methods", "permanentxss", "redirect", "shellshock", "spring4shell", "sql", "timesql", "upload", "xss",
)  # fmt: skip
_MEDIUM = 2
_BOUND_S = 3600
_CASES_AN_EXAMPLE = 6  # a sequence of requests has about five, and each example is also sent alone
_BLANK_IS_REFUSED = (
    '[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", 400]\n'  # no schema can say "visible"
)


def attack_api(folder: Path, cases: int) -> Outcome:
    """schemathesis over the API's own description, in sequences along its link too."""
    name = "API (schemathesis)"
    (folder / "schemathesis.toml").write_text(_BLANK_IS_REFUSED)
    with running(folder) as served:
        command = [
            str(Path(sys.executable).parent / "schemathesis"), "run", f"{served.url}/api/openapi.json", "--no-color", "--workers=2",
            f"--max-examples={-(-cases // _CASES_AN_EXAMPLE)}", "--generation-database=none",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_BOUND_S)
        processes = served.workers()
    sent = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    if sent is None:
        return Outcome(name, missing=(done.stdout + done.stderr)[-500:])
    findings: tuple[str, ...] = (done.stdout[done.stdout.find("=== FAILURES") :][:3000],) if done.returncode else ()
    links = "with" if re.search(r"[1-9]\d* covered", done.stdout) else "without"
    if int(sent[1]) < cases or links == "without":
        findings += (f"only {sent[1]} cases, {links} sequences",)
    return Outcome(name, f"{sent[1]} cases, {sent[2]} passed, {links} sequences, {processes} processes", findings)


def attack_site(folder: Path, minutes: float) -> Outcome:
    """wapiti over every page and form, the dashboard's too; the crawl takes at most `minutes`."""
    name = "site (wapiti)"
    try:
        program = _wapiti()
    except (OSError, subprocess.SubprocessError) as error:
        return Outcome(name, missing=f"wapiti could not be installed: {error}")
    report = folder / "wapiti.json"
    with running(folder) as served:
        cookie = _owner_cookie(served.url)
        left_out = [f"{served.url}/{path}" for path in ("admin/sign-out", "admin/gpt", "static/.*")]
        command = [
            str(program), "-u", f"{served.url}/", "--scope", "folder", "--flush-session", "--no-bugreport", "-v", "0",
            "-s", f"{served.url}/admin", "-H", f"Cookie: {cookie}", "-m", ",".join(_MODULES),
            *(argument for address in left_out for argument in ("-x", address)),
            "--max-scan-time", str(int(60 * minutes)), "--max-attack-time", str(int(60 * minutes)),
            "--store-session", str(folder / "wapiti"), "-f", "json", "-o", str(report),
        ]  # fmt: skip
        bound_s = _BOUND_S + 60 * minutes * len(_MODULES)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=bound_s)
        if not report.is_file():
            return Outcome(name, missing=(done.stdout + done.stderr)[-500:])
        return _read_wapiti(name, json.loads(report.read_text(encoding="utf-8")), served.url, cookie)


def _read_wapiti(name: str, report: dict[str, Any], url: str, cookie: str) -> Outcome:
    """Every finding counts but a form without a token: that one counts where it takes a post of another site."""
    found = [
        (kind, each)
        for part in ("vulnerabilities", "anomalies")
        for kind, several in report[part].items()
        for each in several
    ]
    without_token = [each for _, each in found if each["module"] == "csrf"]
    others = [(kind, each) for kind, each in found if each["module"] != "csrf"]
    low = sum(each["level"] < _MEDIUM for _, each in others)
    figures = (
        f"{report['infos']['crawled_pages_nbr']} pages, {len(_MODULES)} modules, {low} findings below medium, "
        f"{len(without_token)} forms without a token, tried from other sites"
    )
    holes = [
        f"{kind}: {each['method']} {each['path']} {each['info']}" for kind, each in others if each["level"] >= _MEDIUM
    ]
    return Outcome(name, figures, (*holes, *let_through(url, without_token, cookie)))


def grade_headers(folder: Path) -> Outcome:
    """Mozilla's observatory, over TLS; its best grade is A+."""
    name = "headers (Mozilla's observatory)"
    try:
        scanner = _observatory()
        tls_context(folder, expired=False)
    except (OSError, subprocess.SubprocessError) as error:
        return Outcome(name, missing=f"it could not be installed: {error}")
    certificate, key = str(folder / "False.pem"), str(folder / "False.key")
    os.environ["SSL_CERT_FILE"] = certificate  # whom this process believes when it asks whether the app is there
    with running(folder, "--certfile", certificate, "--keyfile", key, scheme="https") as served:
        command = ["node", "src/scan.js", served.url.removeprefix("https://")]
        trusting = {**os.environ, "NODE_EXTRA_CA_CERTS": certificate}
        done = subprocess.run(command, cwd=scanner, env=trusting, capture_output=True, text=True, timeout=_BOUND_S)
    report = json.loads(done.stdout or "{}")
    if "scan" not in report:
        return Outcome(name, missing=report.get("error") or done.stderr[-500:])
    scan = report["scan"]
    failed = tuple(f"{test}: {result['result']}" for test, result in report["tests"].items() if not result["pass"])
    findings = failed or (() if scan["grade"] == "A+" else (f"grade {scan['grade']}",))
    tests = f"{scan['testsPassed']} of {scan['testsQuantity']} tests"
    return Outcome(name, f"grade {scan['grade']}, {scan['score']} points, {tests}", findings)


def _wapiti() -> Path:
    folder = _TOOLS / "wapiti"
    program = folder / "bin" / "wapiti"
    if not program.is_file():
        _quietly([sys.executable, "-m", "venv", str(folder)])
        _quietly([str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input", "--retries=1", WAPITI])
    return program


def _observatory() -> Path:
    folder = _TOOLS / "observatory"
    scanner = folder / _SCANNER
    if not (scanner / "conf" / "hsts-preload.json").is_file():
        if shutil.which("npm") is None:
            raise FileNotFoundError("npm")
        folder.mkdir(exist_ok=True)
        # The scripts would fetch lists of sites and authorities, of which none matters to a scan of this machine.
        _quietly(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder), OBSERVATORY]
        )
        (scanner / "conf" / "hsts-preload.json").write_text("{}")
    return scanner


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_BOUND_S)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        """Stay: the cookie is in the redirect."""
        return


def _owner_cookie(url: str) -> str:
    """What the browser of somebody sends who has signed in."""
    body = urllib.parse.urlencode({"password": OWNER_PASSWORD}).encode()
    try:
        urllib.request.build_opener(_NoRedirect).open(f"{url}/admin/sign-in", body)
    except urllib.error.HTTPError as redirect:
        return str(redirect.headers["Set-Cookie"]).partition(";")[0]
    raise AssertionError("the password opened nothing")
