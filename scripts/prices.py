"""Write okichat/money/prices.json: what models cost today (`make prices`). Needs the package genai-prices.

Look at the difference before committing it: prices are money. A price is the one in force on the day of the run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices import data_snapshot

TABLE = Path(__file__).resolve().parents[1] / "okichat" / "money" / "prices.json"

# Chat models that write text. gpt-4o-2024-05-13 stands apart because it costs more than the name without a date.
MODELS = {
    "openai": (
        "gpt-6-luna gpt-6-sol gpt-6-astra gpt-6.1-sol gpt-6.1-terra gpt-5.6-luna gpt-5.6-sol gpt-5.6-terra gpt-5.5 gpt-5.4 "
        "gpt-5.4-mini gpt-5.4-nano gpt-5.2 gpt-5.1 gpt-5 gpt-5-mini gpt-5-nano gpt-4.1 gpt-4.1-mini gpt-4o gpt-4o-2024-05-13 "
        "gpt-4o-mini"
    ).split(),
    "mistral": (
        "mistral-small-latest mistral-small-2603 ministral-3b-2512 ministral-8b-latest ministral-8b-2512 ministral-14b-2512 "
        "mistral-medium-latest mistral-large-2512"
    ).split(),
}

# genai-prices has no shutdown dates: these are the announced ones in the openai package 3.54 (types/shared/chat_model.py).
SHUTDOWNS = {
    "gpt-4o-2024-05-13": "2026-10-23",
    "gpt-5": "2026-12-11",
    "gpt-5-mini": "2026-12-11",
    "gpt-5-nano": "2026-12-11",
    "gpt-4o": "2027-01-14",
    "gpt-4o-mini": "2027-01-14",
    "gpt-4.1": "2027-01-14",
    "gpt-4.1-mini": "2027-01-14",
    "gpt-5.1": "2027-04-01",
    "gpt-5.4-nano": "2027-04-01",
}


def main() -> None:
    """Write the table."""
    now = datetime.now(UTC)
    before = json.loads(TABLE.read_text(encoding="utf-8"))
    rows = {model: _row(provider, model, now) for provider, models in MODELS.items() for model in models}
    table = {
        "date": now.date().isoformat(),
        "source": f"genai-prices {version('genai-prices')}",
        "unit": "US dollars per million tokens",
        "models": rows,
    }
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    changed = [model for model in rows if rows[model] != before["models"].get(model)]
    print(
        f"{TABLE.name}: {len(rows)} models, {table['source']}; since {before['date']} changed: {', '.join(changed) or 'none'}"
    )


def _row(provider: str, model: str, now: datetime) -> dict[str, Any]:
    found = data_snapshot.get_snapshot().find_provider_model(model, None, provider, None)[1]
    if found.id != model:
        raise SystemExit(f"{model}: genai-prices takes it for {found.id}; look it up by hand")
    price = found.get_prices(now)
    row: dict[str, Any] = {"provider": provider, "input": _plain(price.input_mtok), "output": _plain(price.output_mtok)}
    row["cached_input"] = _plain(price.cache_read_mtok or price.input_mtok)
    if price.cache_write_mtok is not None:
        row["cache_write"] = _plain(price.cache_write_mtok)
    if tiers := getattr(price.input_mtok, "tiers", None):
        row["flat_up_to_tokens"] = min(tier.start for tier in tiers)
    if model in SHUTDOWNS:
        row["shutdown"] = SHUTDOWNS[model]
    return row


def _plain(price: Any) -> str:
    """The price of short prompts; ours never reach the next tier."""
    amount: Decimal = getattr(price, "base", price)
    return f"{amount.normalize():f}"


if __name__ == "__main__":
    main()
