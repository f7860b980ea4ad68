"""Pictures of the owner's dashboard with five weeks of a made-up firm's questions: `python scripts/dashboard_pictures.py folder`.

Writes the pictures of docs/dashboard.md, each screen at the width of a desk and of a phone."""

from __future__ import annotations

import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from okichat.answer import Answer, Citation, Pass
from okichat.contact.message import Message
from okichat.question import Question
from scripts.stage import ANSWER, PASSWORD
from tests.chromium import find_chromium
from tests.doubles.clock import StoppedClock
from tests.listening import serving
from tests.site import Site

NOW = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)  # a Tuesday afternoon
DAYS = 35
SIZES = {"bureau": ViewportSize(width=1200, height=860), "telephone": ViewportSize(width=390, height=844)}
SCREENS = {
    "apercu": "/admin?days=30",
    "questions": "/admin/questions",
    "messages": "/admin/messages",
    "connaissances": "/admin/knowledge?q=Quels sont vos tarifs ?",
    "securite": "/admin/security?days=7",
    "sante": "/admin/health",
}
ASKED = (
    ("Quels sont vos tarifs ?", "tarifs", "Tarifs et honoraires"),
    ("Tenez-vous la comptabilité d'une boulangerie ?", "services", "Nos services"),
    ("Comment se passe un premier rendez-vous ?", "rendez-vous", "Prendre rendez-vous"),
    ("Pouvez-vous faire les fiches de paie de mes deux salariés ?", "paie", "Paie et social"),
    ("Quels sont vos horaires ?", "horaires", "Horaires"),
    ("Je veux créer une SASU, m'aidez-vous ?", "creation", "Créer son entreprise"),
    ("Do you help with VAT returns?", "fiscalite", "La fiscalité"),
    ("Quand dois-je déposer mes comptes ?", "comptabilite", "La comptabilité"),
)
OUTSIDE = ("Quelle est la capitale de l'Australie ?", "Une recette de crêpes ?", "Who won the World Cup?")
OUTAGE = range(9, 10)  # hours of the day on which the model's host is away
OUTAGE_DAY, ATTACK_DAY, PEAK_DAY = 5, 1, 4  # days ago


class Firm:
    """Fills the store of a site, hour by hour, as visitors would have done."""

    def __init__(self, site: Site, clock: StoppedClock) -> None:
        self.site = site
        self.clock = clock
        self.random = random.Random(7)

    def live(self) -> None:
        """Five weeks, up to NOW."""
        for back in range(DAYS, -1, -1):
            day = (NOW - timedelta(days=back)).replace(hour=7, minute=5)
            quiet = 0.25 if day.weekday() > 4 else 1.0
            for hour in range(12):
                begin = day + timedelta(hours=hour)
                if begin > NOW:
                    break
                is_rush = (back == PEAK_DAY and hour == 8) or (back == OUTAGE_DAY and begin.hour in OUTAGE)
                self._hour(begin, round(self.random.triangular(1, 9, 4) * quiet) * (8 if is_rush else 1), back)
        self.clock.stand_at(NOW)
        self._leave_messages()
        self.site.parts.episodes.look()

    def _hour(self, begin: datetime, questions: int, back: int) -> None:
        for number in range(questions):
            self.clock.stand_at(begin + timedelta(minutes=50 * number / max(questions, 1)))
            self._question(model_is_away=back == OUTAGE_DAY and begin.hour in OUTAGE)
        self._refusals(attacked=back == ATTACK_DAY and begin.hour == 14)
        self.site.parts.episodes.look()

    def _question(self, *, model_is_away: bool) -> None:
        visitor = self.site.parts.visitors.name(f"203.0.113.{self.random.randrange(60)}")
        if self.random.random() < 0.08:
            passed = (Pass("gpt", "off_topic"), Pass("local", "outside"))
            text = "Cette question sort de mon domaine. Une personne de notre équipe peut vous aider."
            return self._turn(self.random.choice(OUTSIDE), visitor, Answer(text, "handoff", passed=passed), 0.02)
        text, slug, title = self.random.choice(ASKED)
        about = (Citation(slug, title),)
        if model_is_away:
            fault = Pass("gpt", self.random.choice(("server", "paused_server", "timeout")))
            answer = Answer(ANSWER, "local", about, passed=(fault,), notice="model_unavailable", confidence=0.93)
            return self._turn(text, visitor, answer, 0.05)
        if self.random.random() < 0.3:
            return self._turn(text, visitor, Answer(ANSWER, "cache", about, confidence=0.97), 0.02)
        return self._paid(text, visitor, about)

    def _paid(self, text: str, visitor: str, about: tuple[Citation, ...]) -> None:
        budget = self.site.parts.budget
        reservation = budget.reserve("demo", self.site.parts.settings.openai_model, 3000, 400)
        tokens = self.random.randrange(900, 1500)
        usage = budget.settle(reservation, input_tokens=tokens, cached_input_tokens=0, output_tokens=120)
        answer = Answer(ANSWER, "gpt", about, confidence=0.95, usage=usage)
        self._turn(text, visitor, answer, self.random.triangular(0.9, 4.5, 1.6))

    def _turn(self, text: str, visitor: str, answer: Answer, seconds: float) -> None:
        turns = self.site.parts.turns
        question = Question.from_text(text, visitor=visitor)
        turns.open(question)
        self.clock.forward(seconds=seconds)
        turns.close(question, answer, round(seconds * 350))
        if self.random.random() < 0.12:
            turns.rate(question.id, question.conversation, up=self.random.random() < 0.85)

    def _refusals(self, *, attacked: bool) -> None:
        parts = self.site.parts
        for _ in range(self.random.choice((0, 0, 0, 1, 2))):
            kind, detail = self.random.choice(
                (("rate_limit", "too_many"), ("refusal", "empty"), ("personal_data", None))
            )
            parts.security.note(kind, parts.visitors.name(f"203.0.113.{self.random.randrange(60)}"), detail)
        for _ in range(14 if attacked else 0):
            parts.security.note("injection", parts.visitors.name("198.51.100.9"))
            parts.security.note("spam", parts.visitors.name("198.51.100.9"), "repeated")

    def _leave_messages(self) -> None:
        kept = self.site.parts.messages
        kept.answered(
            kept.keep(Message("Merci de me rappeler au sujet de ma TVA.", name="Paul", phone="06 39 98 00 01"))
        )
        text = "Bonjour, je reprends une boulangerie en janvier. Pouvez-vous me recevoir la semaine prochaine ?"
        kept.keep(Message(text, name="Camille Martin", email="camille@exemple.fr", phone="06 39 98 00 02"))


def take_all(browser: Browser, url: str, folder: Path) -> None:
    """Every screen at every size."""
    for size, viewport in SIZES.items():
        context = browser.new_context(viewport=viewport, locale="fr-FR", reduced_motion="reduce")
        page = context.new_page()
        _sign_in(page, url)
        for name, path in SCREENS.items():
            page.goto(url + path)
            tall = min(int(page.evaluate("document.documentElement.scrollHeight")), viewport["height"] * 2)
            clip = {"x": 0, "y": 0, "width": viewport["width"], "height": tall}
            page.screenshot(path=folder / f"tableau-{name}-{size}.png", full_page=True, clip=clip)  # type: ignore[arg-type]
        context.close()


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/sign-in")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin")


def main(folder: Path) -> None:
    """Fill a store of its own, serve it, and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        clock = StoppedClock(NOW - timedelta(days=DAYS + 1))
        settings = {"OKICHAT_ADMIN_PASSWORD": PASSWORD, "OPENAI_API_KEY": "sk-sample", "OKICHAT_BUDGET_USD": "1.5"}
        site = Site({**settings, "DATABASE_URL": f"sqlite:///{place}/okichat.db"}, clock)
        site.parts.upkeep.start()
        Firm(site, clock).live()
        with serving(site.app) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium())
            take_all(browser, url, folder)
            browser.close()
        site.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
