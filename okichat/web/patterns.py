"""Sample data for templates/patterns.html, which shows every state of the chat on one page. Served in development only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup

from okichat.answer import NOTICES, Citation
from okichat.conversations.feedback import MAX_WORDS_CHARS, REASONS
from okichat.web import presenter
from okichat.web.contexts import (
    AnswerView,
    ContactView,
    ExchangeView,
    FeedbackView,
    FormView,
    KeepView,
    PageView,
    RefusalView,
)

_ASKED_AT = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)
_WORDS = "Nous tenons votre comptabilité, établissons vos bulletins de paie et préparons vos déclarations."
_RICH = Markup(
    """<p>Nous tenons votre comptabilité au fil de l'année et nous établissons vos <strong>comptes annuels</strong>.</p>
<h3>Ce que cela comprend</h3>
<ul><li>La saisie et le lettrage
<ul><li>achats, ventes, banque</li><li>immobilisations et emprunts</li></ul></li>
<li>Les déclarations de TVA</li><li>La liasse fiscale, transmise par <code>EDI-TDFC</code></li></ul>
<table><thead><tr><th>Mission</th><th>Rythme</th><th>Livrable</th></tr></thead>
<tbody><tr><td>Tenue</td><td>chaque mois</td><td>balance et grand livre</td></tr>
<tr><td>Comptes annuels</td><td>une fois par an</td><td>bilan, compte de résultat, annexe</td></tr></tbody></table>
<ol><li>Vous nous confiez vos pièces.</li><li>Nous les traitons.</li></ol>
<blockquote><p>Une question courte à la fois donne les meilleurs résultats.</p></blockquote>"""
)
_CONFIDENTIAL = "Mon IBAN est FR76 3000 6000 0112 3456 7890 189, rappelez-moi au 06 39 98 12 34."
_LONG_WORDS = (
    "anticonstitutionnellement https://www.exemple-de-cabinet.fr/ressources/modeles/statuts-de-societe-par-actions-simplifiee-unipersonnelle"
    " FR7630006000011234567890189"
)
_LONG_QUESTION = (
    "Bonjour, je dirige une petite société de menuiserie de quatre personnes près de Lyon, notre comptable"
    " prend sa retraite en fin d'année et je cherche un cabinet qui reprenne la tenue, la paie (dont deux"
    " apprentis) et les déclarations de TVA, si possible avec un logiciel que mon associée utilise déjà sur son"
    " téléphone. Comment se passe la reprise du dossier, qui prévient l'ancien cabinet, et à partir de quelle"
    " date pourriez-vous commencer ?\nMerci d'avance."
)


@dataclass(frozen=True, slots=True)
class PatternsView:
    """patterns.html: a page like any other, and what its sections show.

    exchanges  every kind of finished answer, by the state it shows
    pending    a question whose answer is being written
    streaming  the text that has arrived for it
    refusals   every refusal of a question
    contacts   the contact card with all details, with none, open, closed and unknown
    keep       what visitors can do with their conversation, just after an e-mail
    """

    page: PageView
    pending: ExchangeView
    streaming: str
    keep: KeepView
    exchanges: dict[str, ExchangeView] = field(default_factory=dict)
    refusals: tuple[RefusalView, ...] = ()
    contacts: tuple[ContactView, ...] = ()


blueprint = Blueprint("patterns", __name__)


@blueprint.get("/patterns")
def page() -> str:
    """Every state of the chat on one page."""
    view = presenter.page_view()
    return render_template(
        "patterns.html", patterns=patterns_view(view), page=view, form=patterns_form(view.form.action)
    )


def patterns_view(page: PageView) -> PatternsView:
    """All samples, for the firm and in the language of `page`."""
    contact = page.contact
    return PatternsView(
        page=page,
        pending=ExchangeView("pending", "Que comprend la tenue comptable ?", "fr", _ASKED_AT),
        streaming=_WORDS,
        keep=replace(page.keep, mail_action="/chat/transcript/mail", said="sent"),
        exchanges=_exchanges(),
        refusals=tuple(RefusalView(code, 12 if code in ("too_many", "spam") else None) for code in REFUSALS),
        contacts=(
            replace(
                contact,
                open_now=True,
                phone="01 99 00 12 34",
                phone_href="tel:+33199001234",
                email="contact@cabinet.example",
                email_href="mailto:contact@cabinet.example",
            ),
            replace(
                contact,
                open_now=False,
                whatsapp="06 39 98 12 34",
                whatsapp_href="https://wa.me/33639981234",
                booking_url="https://cabinet.example/rendez-vous",
                address="12 rue de l'Exemple, 75000 Paris",
            ),
            replace(contact, open_now=None),
        ),
    )


REFUSALS = ("empty", "too_long", "malformed", "too_large", "cross_site", "too_many", "daily_limit", "spam")
FEEDBACK: dict[str, dict[str, Any]] = {
    "voted": {"vote": "up"},
    "why": {"state": "why", "vote": "down", "conversation": "sample", "reasons": REASONS, "max_chars": MAX_WORDS_CHARS},
    "thanks": {"state": "thanks", "vote": "up"},
    "refused": {"state": "refused", "refusal": "too_many", "wait_minutes": 12},
}


def patterns_form(action: str) -> FormView:
    """A composer with a text near the limit, so that the counter shows."""
    return FormView(action=action, request_key="sample", max_chars=500, question=_LONG_QUESTION)


def _exchanges() -> dict[str, ExchangeView]:
    sources = (
        Citation("comptabilite", "Tenue comptable et comptes annuels", "https://cabinet.example/comptabilite"),
        Citation("services", "Nos services"),
    )
    plain = AnswerView(Markup("<p>{}</p>").format(_WORDS), _WORDS, "fr", "local", _ASKED_AT, sources[:1])
    alone = replace(plain, citations=())
    topics = ("Comment créer mon entreprise ?", "Combien coûte la création d'une société ?")
    ok, english = Markup("<p>Parfait.</p>"), Markup("<p>We keep your books and prepare your returns.</p>")
    asked: dict[str, tuple[str, AnswerView]] = {
        "gpt": ("Que comprend la tenue comptable ?", replace(plain, html=_RICH, answered_by="gpt", citations=sources)),
        "local": ("Que faites-vous ?", plain),
        "cache": ("Que faites-vous exactement ?", replace(plain, answered_by="cache")),
        "one_word": ("Merci", replace(alone, html=ok, text="Parfait.", answered_by="small_talk")),
        "long_words": (_LONG_WORDS, replace(plain, html=Markup("<p>{}</p>").format(_LONG_WORDS))),
        "long_question": (_LONG_QUESTION, plain),
        "close": ("la création", replace(plain, citations=sources, suggestions=topics)),
        "handoff": ("Quelle est la capitale de l'Australie ?", replace(alone, answered_by="handoff", offer_human=True)),
        "unhelped": ("Et ensuite ?", replace(plain, unhelped=True)),
        "interrupted": ("Que faites-vous ?", replace(alone, answered_by="interrupted")),
        "english": ("What do you do?", replace(plain, html=english, language="en")),
        **{f"feedback_{state}": ("Que faites-vous ?", plain) for state in FEEDBACK},
        **{f"notice_{word}": ("Que faites-vous ?", replace(plain, notice=word)) for word in NOTICES},
    }
    question, long = asked["notice_long_conversation"]
    asked["notice_long_conversation"] = question, replace(long, offer_human=True, anew_url=presenter.home_url())
    shown = {
        state: ExchangeView(id, question, answer.language, _ASKED_AT, answer, _feedback(id, state, answer.answered_by))
        for state, (question, answer) in asked.items()
        for id in [state.replace("_", "")]
    }
    typed = replace(shown["local"], id="shielded", question=_CONFIDENTIAL, personal=("iban", "phone"))
    return shown | {"shielded": replace(typed, feedback=_feedback("shielded", "", "local"))}


def _feedback(id: str, state: str, answered_by: str) -> FeedbackView | None:
    """In the state that the sample is named after, else the plain buttons."""
    feedback = presenter.feedback_view(id, answered_by)
    return replace(feedback, **FEEDBACK.get(state.removeprefix("feedback_"), {})) if feedback else None
