"""The figures of an evaluation as a document: docs/answers.md, written by `python -m okichat evaluate --write`."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from okichat.knowledge.calibration import Calibration
from okichat.knowledge.evaluation import Scores, Share

_DATED = re.compile(r"^Measured on \d{4}-\d\d-\d\d", re.MULTILINE)
_TARGETS = (("right topic first", 0.90, False), ("off topic rejected", 0.90, False), ("wrongly rejected", 0.06, True))


def write_report(path: Path, scores: Scores, measured: str, calibration: Calibration, today: date) -> bool:
    """Write the document if its figures have changed; whether they had."""
    text = report(scores, measured, calibration, today)
    if path.is_file() and _DATED.sub("", path.read_text(encoding="utf-8")) == _DATED.sub("", text):
        return False
    path.write_text(text, encoding="utf-8")
    return True


def report(scores: Scores, measured: str, calibration: Calibration, today: date) -> str:
    """The document. `measured` names the file of questions."""
    return "\n".join(
        [
            *_head(scores, measured, today),
            *_table("Target", "measured", _targets(scores)),
            "## By kind of question",
            "",
            "Right means: the right topic first, rejected (off topic, injection), or greeted (small talk).",
            "",
            *_table("Kind", "right", {kind: _cell(share) for kind, share in scores.by_kind().items()}),
            "## By topic",
            "",
            *_table(
                "Topic", "right topic first", {f"`{slug}`": _cell(share) for slug, share in scores.by_topic().items()}
            ),
            "## What is taken for what",
            "",
            *_confusions(scores),
            *_knowing(scores, calibration),
        ]
    )


def _head(scores: Scores, measured: str, today: date) -> list[str]:
    return [
        "# How good the local answers are",
        "",
        "For whoever asks what Okichat is worth without GPT. When the month's money is spent, or the model's host is down, the",
        "knowledge base answers alone: this is how often it names the right topic, and how often it says that it does not know.",
        "Nothing here calls a model.",
        "",
        f"Measured on {today}, with `{measured}`: {len(scores.outcomes)} questions in the words of visitors, none of which",
        "stands in the tuning half or resembles an example question of a topic (a test sees to both). Thresholds are found on",
        "the other half only; but variants of the search were compared by this half too, and a few of its misses have been",
        "read, so take the figures as a little kind. Write this page anew after a change of the search or of the topics:",
        "",
        "```sh",
        "python -m okichat evaluate --calibrate tests/evaluation/tune.jsonl   # finds the thresholds on the other half",
        "python -m okichat evaluate --write docs/answers.md",
        "```",
        "",
        "`python -m okichat evaluate --ask` shows every question that is not answered as it should be. Behind each share stands",
        "its 95 % interval (Wilson).",
        "",
    ]


def _targets(scores: Scores) -> dict[str, str]:
    shares = (scores.right, scores.rejected, scores.wrongly_rejected)
    rows = {}
    for (name, target, is_most), share in zip(_TARGETS, shares, strict=True):
        rows[f"{name}, {'at most' if is_most else 'at least'} {target:.0%}".replace("%", " %")] = _cell(share)
    return rows


def _confusions(scores: Scores) -> list[str]:
    found = scores.confusions()
    lines = ["| Meant | taken for | times |", "|---|---|---|"]
    lines += [f"| `{meant}` | `{taken}` | {count} |" for meant, taken, count in found if count > 1]
    once = sum(count == 1 for _, _, count in found)
    return [*lines, "", f"{once} further pairs once each. `none` stands for no topic.", ""]


def _knowing(scores: Scores, calibration: Calibration) -> list[str]:
    rows = {f"{low:.1f} to {low + 0.2:.1f}": _cell(share) for low, share in scores.reliability() if share.total}
    return [
        "## Knowing what it does not know",
        "",
        "How often the first topic is the right one, by the confidence that the search itself states:",
        "",
        *_table("Confidence", "right", rows),
        f"Thresholds found on {calibration.date}: off topic below {calibration.outside_below:g}, not sure below",
        f"{calibration.unsure_below:g}, two topics offered as buttons below a lead of {calibration.close_below:g}.",
        "",
    ]


def _table(left: str, right: str, rows: dict[str, str]) -> list[str]:
    return [f"| {left} | {right} |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items()), ""]


def _cell(share: Share) -> str:
    low, high = share.interval
    return f"{100 * share.value:.1f} % ({share.count} of {share.total}; {100 * low:.0f} to {100 * high:.0f} %)"
