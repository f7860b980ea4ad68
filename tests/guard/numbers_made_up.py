"""Valid numbers of every kind as people write them, and the sums, dates and articles that must not be taken for one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stdnum import iban, luhn
from stdnum.fr import nif, nir, siren, tva

SEPARATORS = ("", " ", ".", "-", "\u00a0", "\u202f", " - ", "\u2011", "\u2009")
PRIVATE_SENTENCES = (
    "{}",
    "Bonjour, voici mon numéro : {}, merci de me répondre.",
    "Le virement vers {} n'est pas arrivé en 2024, que faire ?",
    "J'ai payé 1 250,50 € le 12/03/2024 ({}). Est-ce normal ?",
    "My number is {} - can you check the 20% VAT?",
    "« {} » figure sur ma déclaration 2042, article 39 du CGI.",
    "Ligne 1\n{}\nLigne 3",
)
PUBLIC_SENTENCES = (
    "{}",
    "Mon chiffre d'affaires est de {}, que dois-je déclarer ?",
    "Bonjour, {} : est-ce possible ?",
    "What about {} for my company?",
    "Est-ce que {} suffit, ou {} ?",
)


@dataclass(frozen=True)
class Written:
    """One number as somebody wrote it."""

    kind: str
    text: str


def private_numbers(rng: random.Random, of_each: int) -> Iterator[Written]:
    """Valid numbers in usual groupings, each with one kind of separator."""
    for _ in range(of_each):
        for kind, make in _MAKERS.items():
            digits, groupings = make(rng)
            yield Written(kind, rng.choice(SEPARATORS).join(_grouped(digits, rng.choice(groupings))))
        yield Written("phone", _phone(rng))
        yield Written("email", _email(rng))


def public_numbers(rng: random.Random, of_each: int) -> Iterator[str]:
    """What stands in questions to an accountant and identifies nobody."""
    for _ in range(of_each):
        yield from (make(rng) for make in _PUBLIC)


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def _grouped(digits: str, lengths: tuple[int, ...]) -> list[str]:
    groups, start = [], 0
    for length in (*lengths, len(digits)):
        if part := digits[start : start + length]:
            groups.append(part)
        start += length
    return groups


def _with_luhn(payload: str) -> str:
    return payload + luhn.calc_check_digit(payload)


def _siren(rng: random.Random) -> str:
    while True:
        number = _with_luhn(rng.choice("345789") + _digits(rng, 7))
        if siren.is_valid(number) and not number.endswith("00000"):
            return number


def _siret(rng: random.Random) -> str:
    return _with_luhn(_siren(rng) + f"{rng.randint(0, 9999):04d}")


def _nir(rng: random.Random) -> str:
    place = rng.choice(
        (
            f"{rng.randint(1, 95):02d}{rng.randint(1, 990):03d}",
            f"2A{rng.randint(1, 363):03d}",
            f"2B{rng.randint(1, 366):03d}",
        )
    )
    start = f"{rng.choice('12')}{rng.randint(0, 99):02d}{rng.randint(1, 12):02d}{place}{rng.randint(1, 999):03d}"
    return start + nir.calc_check_digits(start + "00")


def _spi(rng: random.Random) -> str:
    start = rng.choice("0123") + _digits(rng, 9)
    return start + nif.calc_check_digits(start + "000")


def _card(rng: random.Random) -> tuple[str, list[tuple[int, ...]]]:
    if rng.random() < 0.2:
        return _with_luhn(rng.choice(("34", "37")) + _digits(rng, 12)), [(15,), (4, 6, 5)]
    return _with_luhn(rng.choice(("4970", "4111", "5132", "5299", "2221", "6011")) + _digits(rng, 11)), [
        (16,),
        (4, 4, 4, 4),
    ]


def _iban(rng: random.Random) -> str:
    shapes = (("FR", 23), ("FR", 23), ("DE", 18), ("LU", 18), ("CH", 17), ("MC", 23), ("IE", 0), ("BE", 12), ("GB", 0))
    while True:
        country, length = rng.choice(shapes)
        bban = _digits(rng, length) if length else rng.choice(("AIBK", "NWBK")) + _digits(rng, 14)
        if country in ("FR", "MC"):
            bban = bban[:10] + "".join(rng.choices("0123456789ABCDEF", k=11)) + bban[21:]
        number = country + iban.calc_check_digits(f"{country}00{bban}") + bban
        if iban.is_valid(number):
            return number


def _vat(rng: random.Random) -> str:
    number = _siren(rng)
    key = (12 + 3 * (int(number) % 97)) % 97
    assert tva.is_valid(f"FR{key:02d}{number}")
    return f"FR{key:02d}{number}"


_FOURS = (4,) * 8
_MAKERS: dict[str, Callable[[random.Random], tuple[str, list[tuple[int, ...]]]]] = {
    "iban": lambda rng: (_iban(rng), [(40,), _FOURS]),
    "card": _card,
    "nir": lambda rng: (_nir(rng), [(15,), (1, 2, 2, 2, 3, 3, 2), (13, 2), (1, 2, 2, 5, 3, 2)]),
    "siret": lambda rng: (_siret(rng), [(14,), (3, 3, 3, 5), (9, 5), (3, 3, 3, 3, 2)]),
    "siren": lambda rng: (_siren(rng), [(9,), (3, 3, 3)]),
    "vat": lambda rng: (_vat(rng), [(13,), (2, 2, 9), (4, 9), (2, 2, 3, 3, 3), (4, 3, 3, 3)]),
    "tax_number": lambda rng: (_spi(rng), [(13,), (2, 2, 3, 3, 3)]),
}


def _phone(rng: random.Random) -> str:
    separator = rng.choice((*SEPARATORS, "/", "_"))
    national = rng.choice("12345679") + _digits(rng, 8)
    pairs = [national[0], *_grouped(national[1:], (2, 2, 2))]
    french = separator.join([f"0{pairs[0]}", *pairs[1:]])
    threes = separator.join(_grouped(f"0{national}", (4, 3)))
    abroad = rng.choice(("+33", "0033", "+33 (0)", "(+33)", "+33 ", "+33.", "0033 ", "+33(0)", "33 "))
    chadian = rng.choice(("+235", "00235", "+235 ", "(+235) ")) + separator.join(
        _grouped(rng.choice(("66", "62", "68", "95", "99")) + _digits(rng, 6), (2, 2, 2))
    )
    others = (
        "+44 20 7946 0958",
        "+1 (415) 555-2671",
        "+1 415.555.2671",
        "+32 470 12 34 56",
        "+41 79 123 45 67",
        "+212 6 61 23 45 67",
        "020 7946 0958",
    )
    return rng.choice((french, french, threes, abroad + separator.join(pairs), chadian, rng.choice(others)))


def _email(rng: random.Random) -> str:
    name = rng.choice(("jean.dupont", "m-c_petit", "a", "contact+oki", "rené", "o'neil", "JEAN", "j2", "x%y"))
    host = rng.choice(("exemple.fr", "mail.exemple.co.uk", "société.fr", "EXEMPLE.COM", "a-b.io", "cabinet.paris"))
    return f"{name}{rng.choice(('@', '@', '@', ' [at] ', '(at)', ' arobase '))}{host}"


def _sum(rng: random.Random) -> str:
    whole = rng.choice((rng.randint(1, 999), rng.randint(1_000, 999_999), rng.randint(1_000_000, 99_999_999)))
    return f"{whole:,}".replace(",", rng.choice((" ", "\u00a0", "\u202f", ".", "")))


def _big_sum(rng: random.Random) -> str:
    number = f"{rng.randint(100_000_000, 999_999_999_999):,}".replace(",", rng.choice((" ", "\u202f", "", ".")))
    return number + rng.choice(
        (" €", "€", " euros", " EUR", ",50 €", ",5 k€", " FCFA", " XAF", " d'euros", ",00 euros")
    )


def _date(rng: random.Random) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1950, 2035)
    return rng.choice(
        (
            f"{day:02d}/{month:02d}/{year}",
            f"{day:02d}.{month:02d}.{year}",
            f"{year}-{month:02d}-{day:02d}",
            f"{day:02d} {month:02d} {year}",
            f"{day} mars {year}",
            f"{day:02d}-{month:02d}-{year} {rng.randint(8, 19)}:30",
            f"du {day:02d}/{month:02d}/{year} au {day:02d}/{month:02d}/{year + 1}",
        )
    )


def _fixed(rng: random.Random) -> str:
    number = rng.randint(1, 9999)
    year = 2000 + number % 40
    forms = (
        f"article {number}", f"article L{number}-{number % 90}-1 du code", f"CGI 39 duodecies {number % 9}", "art. 209-0 A",
        f"{number % 100},5 %", f"{number % 100} 000 à {number} 000", f"{number % 24} h {number % 60:02d}",
        f"{number % 24}h{number % 60:02d}-{number % 12}h00", f"{number % 90} jours", f"{year}-{year + 1}",
        f"7{5000 + number % 20} Paris", "cerfa 13751*02", "formulaire 2065-SD 2033 A", f"compte 455100 ou 6{number:04d}",
        f"loi n° 2018-{number} du 23 octobre 2018", "code NAF 69.20Z", "24 h sur 24, 7j/7", f"BOI-TVA-DECLA-20-{number}",
        "iPhone 15", "seuils 36 800, 39 100, 85 000, 91 900", "2020 2021 2022 2023 2024", "3 x 12 mois, 4 x 25 %", "39 49",
        f"n° 3{number:04d}", f"facture F{year}-{number:05d}", "1/2/3 salariés", "100 %", "1 500 000", "12 345,67 €",
    )  # fmt: skip
    return rng.choice(forms)


_PUBLIC = (
    _sum,
    lambda rng: f"{_sum(rng)},{rng.randint(0, 99):02d}",
    lambda rng: _sum(rng) + rng.choice((" €", "€", " euros", " k€", " $", " %", " HT", " € TTC", " M€")),
    lambda rng: rng.choice(("€", "$", "£", "EUR ")) + f"{rng.randint(1_000, 9_999_999):,}.{rng.randint(0, 99):02d}",
    _big_sum,
    _date,
    _fixed,
    lambda rng: str(rng.randint(1900, 2099)),
    lambda rng: f"entre {_sum(rng)} et {_sum(rng)}",
    lambda rng: f"{_sum(rng)} - {_sum(rng)} €",
)
