"""Money and shares as letters and alerts say them, in the language of the settings."""

from __future__ import annotations


def dollars(microusd: int, language: str) -> str:
    """Millionths of a dollar as dollars, to the cent."""
    amount = f"{microusd / 1_000_000:.2f}"
    return f"{amount.replace('.', ',')} $" if language == "fr" else f"${amount}"


def percent(share: float, language: str) -> str:
    """A share of 1 in whole percent."""
    return f"{share * 100:.0f} %" if language == "fr" else f"{share * 100:.0f}%"
