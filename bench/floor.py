"""The floor: the least a Flask app can do for one question, a form read and one exchange rendered with Jinja."""

from __future__ import annotations

from flask import Flask, render_template, request
from jinja2 import DictLoader

EXCHANGE = """<li class="exchange" data-source="local">
  <p class="question">{{ question }}</p>
  <div class="answer">
    <h3>{{ title }}</h3>
    {% for line in lines %}<p>{{ line }}</p>
    {% endfor %}
  </div>
  <p class="sources">{% for source in sources %}<span>{{ source }}</span>{% endfor %}</p>
</li>
"""
LINES = ("Nous tenons la comptabilité des entreprises, des associations et des professions libérales.",) * 5

PAGE = "<!doctype html><title>{{ title }}</title>"

app = Flask(__name__)
app.jinja_loader = DictLoader({"exchange.html": EXCHANGE, "page.html": PAGE})  # compiled once, as files would be


@app.get("/")
def page() -> str:
    """A page with nothing on it."""
    return render_template("page.html", title="Bare Flask")


@app.post("/chat")
def answer() -> str:
    """One exchange, always the same but for the question."""
    question = request.form["question"]
    return render_template("exchange.html", question=question, title="Nos services", lines=LINES, sources=["Services"])
