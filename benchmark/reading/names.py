"""Names of months, and of the parts of a date, in several languages."""

from __future__ import annotations

NAMES: tuple[str, ...] = (  # beginnings that tell a month from every other one, accents left out where both are met
    "jan sty ene gen",
    "feb fev fév févr lut",
    "mar mär mrz maa mrt",
    "apr avr abr kwi",
    "may mai mei maj mag",
    "jun juin giu cze",
    "jul juil lug lip",
    "aug aoû aou ago sie",
    "sep set wrz",
    "oct okt ott out paź paz",
    "nov lis",
    "dec dez déc dic gru",
)
BEGINNINGS = {word: month for month, words in enumerate(NAMES, start=1) for word in words.split()}
LETTERS = "A-Za-zÀ-ž"
ANY = "|".join(sorted(BEGINNINGS, key=len, reverse=True))


def month_of(words: str) -> int:
    """1 to 12 by the last word that begins like a month, behind ``mardi`` and ``martes``; 0 if none does."""
    for word in reversed(words.lower().split()):
        for size in (4, 3):
            if word[:size] in BEGINNINGS:
                return BEGINNINGS[word[:size]]
    return 0


PARTS: tuple[tuple[str, ...], ...] = (  # year, month, day, hour and minute: in words, in order of preference
    ("year", "jahr", "année", "annee", "año", "ano", "anno", "jaar", "rok", "år"),
    ("month", "monat", "mois", "mes", "mês", "mese", "maand", "miesiąc", "månad", "måned"),
    ("day", "tag", "jour", "día", "dia", "giorno", "dag", "dzień"),
    ("hour", "stunde", "heure", "hora", "ora", "uur", "godzina", "timme"),
    ("minute", "minuto"),
)
SHORT = (("yr", "yyyy", "y"), ("mon", "mm", "mo", "m"), ("dd", "dy", "d"), ("hr", "hh", "h"), ("min", "mi"))
