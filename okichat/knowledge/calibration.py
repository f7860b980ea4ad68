"""Where "sure" ends and "no topic" begins: thresholds and confidence, found by asking questions whose topic is known."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

_NAME = "calibration.json"
_SHIPPED = Path(__file__).with_name(_NAME)
# Of the questions to the firm; a third of what is tolerated, as unseen questions do worse.
_MOST_WRONGLY_REJECTED = 0.02
_LEAST_REJECTED = 0.8  # of the questions that belong to no topic
_CLOSE_AT_CONFIDENCE = 0.75
_CLOSE_AT_LEAST = 0.1
_CONFIDENT_INSIDE, _CONFIDENT_LEAD = 1.5, 1.0  # more than this changes nothing


class Evidence(NamedTuple):
    """How one question scored. `inside`: the best topic above "no topic"; `lead`: the best topic above the second."""

    inside: float
    lead: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What scores mean. Below `outside_below` no topic is meant, below `unsure_below` perhaps none."""

    date: str
    outside_below: float
    unsure_below: float
    close_below: float
    at_zero: float
    per_inside: float
    per_lead: float

    def confidence(self, evidence: Evidence) -> float:
        """The chance, 0 to 1, that the best topic is the right one."""
        sum_ = self.at_zero + self.per_inside * _capped(evidence)[0] + self.per_lead * _capped(evidence)[1]
        return 1 / (1 + math.exp(-sum_))

    def write(self, path: Path) -> None:
        """Keep these values for every search that starts from now on."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def calibration_file(knowledge: Path | None) -> Path:
    """Where the values of a knowledge folder are kept; None stands for the shipped knowledge."""
    return knowledge / _NAME if knowledge else _SHIPPED


def read_calibration(knowledge: Path | None = None) -> Calibration:
    """The values last written for this knowledge folder, else the shipped ones."""
    path = calibration_file(knowledge)
    return Calibration(**json.loads((path if path.is_file() else _SHIPPED).read_text(encoding="utf-8")))


def fit(to_firm: Sequence[tuple[Evidence, bool]], elsewhere: Sequence[Evidence], today: date) -> Calibration:
    """Thresholds and confidence from questions to the firm (how each scored, and whether the best topic was right), and
    from those that belong to no topic."""
    strengths = sorted(evidence.inside for evidence, _ in to_firm)
    unsure_below = _unsure_below(strengths, [evidence.inside for evidence in elsewhere])
    at_zero, per_inside, per_lead = _logistic(to_firm)
    found = Calibration(
        today.isoformat(), round(unsure_below - 0.25, 3), round(unsure_below, 3), 0.0, at_zero, per_inside, per_lead
    )
    middle = strengths[len(strengths) // 2]
    wanted = math.log(_CLOSE_AT_CONFIDENCE / (1 - _CLOSE_AT_CONFIDENCE))
    close_below = (wanted - at_zero - per_inside * min(middle, _CONFIDENT_INSIDE)) / max(per_lead, 0.1)
    return replace(found, close_below=round(min(max(close_below, _CLOSE_AT_LEAST), 0.3), 3))


def _unsure_below(to_firm: Sequence[float], elsewhere: Sequence[float]) -> float:
    """Where hardly a question to the firm is lost. With few topics that may let most others through: then where a question
    to the firm is as likely to be lost as another one to be answered."""
    usual = to_firm[int(_MOST_WRONGLY_REJECTED * len(to_firm))]
    if _share_below(usual, elsewhere) >= _LEAST_REJECTED or not elsewhere:
        return usual
    return min(to_firm, key=lambda bound: abs(_share_below(bound, to_firm) - (1 - _share_below(bound, elsewhere))))


def _share_below(bound: float, strengths: Sequence[float]) -> float:
    return sum(strength < bound for strength in strengths) / len(strengths) if strengths else 0.0


def _capped(evidence: Evidence) -> tuple[float, float]:
    return min(evidence.inside, _CONFIDENT_INSIDE), min(evidence.lead, _CONFIDENT_LEAD)


def _logistic(rows: Sequence[tuple[Evidence, bool]]) -> tuple[float, float, float]:
    """Logistic regression by plain gradient steps: three numbers over some hundred rows need nothing finer."""
    weights = [0.0, 1.0, 1.0]
    for _ in range(4_000):
        slopes = [0.0, 0.0, 0.0]
        for evidence, right in rows:
            values = (1.0, *_capped(evidence))
            missing = right - 1 / (1 + math.exp(-sum(map(float.__mul__, weights, values))))
            for number, value in enumerate(values):
                slopes[number] += missing * value
        for number, slope in enumerate(slopes):
            weights[number] += 2.0 * slope / len(rows) - 0.0005 * (weights[number] if number else 0.0)
    at_zero, per_inside, per_lead = (round(weight, 3) for weight in weights)
    return at_zero, per_inside, per_lead
