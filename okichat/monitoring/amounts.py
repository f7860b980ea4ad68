"""Money and shares as letters and alerts say them, in the language of the settings."""

from __future__ import annotations


def dollars(microusd: int, language: str) -> str:
    """Millionths of a dollar as dollars: to the cent, below a cent to its hundredth."""
    amount = f"{microusd / 1_000_000:.{4 if 0 < abs(microusd) < 10_000 else 2}f}"
    return f"{amount.replace('.', ',')} $" if language == "fr" else f"${amount}"


def percent(share: float, language: str) -> str:
    """A share of 1 in whole percent."""
    return f"{share * 100:.0f} %" if language == "fr" else f"{share * 100:.0f}%"
