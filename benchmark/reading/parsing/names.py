"""Names of months, and of the parts of a date, in several languages."""

from __future__ import annotations

NAMES: tuple[str, ...] = (  # unique beginnings of the months' names, without accents where both spellings occur
    "jan jän sty ene gen ian led tammi oca янв січ ιαν sau ينا",
    "feb fev fév févr lut úno helmi şub фев лют φεβ vas فبر",
    "mar mär mrz maa mrt már bře мар бер μαρ μάρ kov مار",
    "apr avr abr kwi ápr dub huhti nis апр кві απρ bal أبر ابر",
    "may mai mei maj mag máj kvě touko май мая тра μαϊ μαΐ μάι geg ماي",
    "jun juin giu cze jún iun červen června kesä haz июн чер ιουν ιούν bir يون",
    "jul juil lug lip júl iul červenc heinä temm июл лип ιουλ ιούλ lie tem يول",
    "aug aoû aou ago sie srp elok ağu авг сер αυγ αύγ rugp agu أغس",
    "sep set wrz zář szep syys eyl сен вер σεπ rugs سبت",
    "oct okt ott out paź paz říj loka eki окт жов οκτ spa أكت اكت",
    "nov lis noi marras kas ноя лис νοε νοέ lap نوف",
    "dec dez déc dic gru pros joulu ara дек гру δεκ gruo ديس",
)
BEGINNINGS = {word: month for month, words in enumerate(NAMES, start=1) for word in words.split()}
LETTERS = "A-Za-zÀ-ž\u0370-\u03ff\u0400-\u04ff\u0620-\u064a"
ANY = "|".join(sorted(BEGINNINGS, key=len, reverse=True))


def month_of(words: str) -> int:
    """Return the month 1 to 12 of the last word that begins like one, e.g. after ``mardi``; 0 if none does."""
    for word in reversed(words.lower().split()):
        for size in range(8, 2, -1):
            if word[:size] in BEGINNINGS:
                return BEGINNINGS[word[:size]]
    return 0


PARTS: tuple[tuple[str, ...], ...] = (  # column names of year, month, day, hour and minute, in order of preference
    ("year", "jahr", "année", "annee", "año", "ano", "anno", "jaar", "rok", "år", "yıl", "年", "년", "연도", "ปี"),
    ("month", "monat", "mois", "mes", "mês", "mese", "maand", "miesiąc", "månad", "måned", "ay", "月", "월", "เดือน"),
    ("day", "tag", "jour", "día", "dia", "giorno", "dag", "dzień", "gün", "日", "일", "วัน", "วันที่"),
    ("hour", "stunde", "heure", "hora", "ora", "uur", "godzina", "timme", "saat", "時", "时", "시"),
    ("minute", "minuto", "minuut", "dakika", "分", "분"),
)
PERIODS = {  # columns that part a year, and the letter that stands for them in 2024Q3
    **dict.fromkeys(("quarter", "qtr", "quartal", "trimestre", "kwartaal"), "Q"),
    **dict.fromkeys(("week", "kw", "woche", "kalenderwoche", "semaine", "semana", "settimana", "epiweek"), "W"),
    "period": "",
}
SHORT = (
    ("yr", "yyyy", "yyy", "yy", "y"),
    ("mon", "mm", "mo", "m"),
    ("dd", "dy", "d"),
    ("hr", "hh", "hh.h", "h"),
    ("min", "mi"),
)
RANGES = ((1700, 2200), (1, 12), (1, 31), (0, 24), (0, 59))  # of years, months, days, hours and minutes


def is_short_part(name: str, low: float, high: float) -> bool:
    """Return True for a name of several letters, such as ``mm``, of a column whose range is that of this part."""
    ranges = zip(SHORT, RANGES, strict=True)
    return len(name) > 1 and any(name.lower() in names and of[0] <= low <= high <= of[1] for names, of in ranges)
