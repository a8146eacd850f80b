"""The vocabulary: names of generated files and folders, and the phrases that text is made of."""

# ruff: noqa: SIM905  (lists of words read best as words)

from __future__ import annotations

from drtest.chance import Seed
from drtest.model.scenario import ContentKind

WORDS = tuple(
    (
        "the of and to in a is for on that by this with you it not or be are from at as your all "
        "have new more an was we will home can us about if page my has search free but our one "
        "other do no information time they site he up may what which their news out use any there "
        "see only so his when contact here business who web also now help get view online first "
        "been would how were services some these click its like service than find price date back "
        "top people had list name just over state year day into email two health world next used "
        "go work last most products music buy data make them should product system post her city "
        "add policy number such please available copyright support message after best software "
        "then good video well where info rights public books high school through each links she "
        "review years order very privacy book items company read group need many user said does "
        "set under general research university january mail full map reviews program life know"
    ).split()
)

FOLDERS = tuple(
    (
        "archive assets backup cache config css data docs drafts export fonts images import "
        "include invoices js lib locale logs mail media modules old pages photos plugins private "
        "projects public reports scripts shared site static templates themes tmp uploads users"
    ).split()
)

STEMS: dict[ContentKind, tuple[str, ...]] = {
    "text": tuple("about article contact default form help index intro item list main menu notes "
                  "page post readme report settings summary user".split()),
    "random": tuple("backup bundle clip cover export image media photo scan track".split()),
    "zeros": tuple("blank disk empty image reserve spare".split()),
    "mixed": tuple("annex brochure contract invoice manual minutes offer slides".split()),
    "database": tuple("accounts articles carts comments customers events items metrics orders "
                      "payments sessions stock tags users".split()),
    "log": tuple("access auth cron daemon debug error mail messages query syslog".split()),
}  # fmt: skip

EXTENSIONS: dict[ContentKind, tuple[str, ...]] = {
    "text": (".html", ".html", ".conf", ".txt", ".css", ".php", ".md"),
    "random": (".jpg", ".jpg", ".zip", ".mp4", ".gz"),
    "zeros": (".img", ".bin"),
    "mixed": (".pdf", ".doc", ".odt"),
    "database": (".ibd",),
    "log": (".log",),
}

ROW_TEXT_BYTES = 64


def _phrases() -> tuple[bytes, ...]:
    # One phrase for each value of a byte, so that random bytes map to text without arithmetic.
    # Two words a phrase: a deflate match then costs about a fifth of what it stands for.
    rng = Seed(value=0).child("phrases").rng()
    found: list[bytes] = []
    for number in range(256):
        words = " ".join(rng.choice(WORDS) for _ in range(2))
        end = ".\n" if number % 10 == 0 else ", " if number % 10 == 5 else " "
        found.append(f"{words}{end}".encode())
    return tuple(found)


PHRASES = _phrases()
MEAN_PHRASE_BYTES = sum(map(len, PHRASES)) / len(PHRASES)

# The readable half of a database row, padded as a CHAR column is.
ROW_TEXTS = tuple(
    (PHRASES[number] + PHRASES[-1 - number] + PHRASES[number // 2])
    .replace(b"\n", b" ")
    .ljust(ROW_TEXT_BYTES)[:ROW_TEXT_BYTES]
    for number in range(256)
)

_PROGRAMS = ("sshd", "cron", "nginx", "postfix/smtpd", "systemd", "kernel", "mysqld", "php-fpm")
LOG_MESSAGES = tuple(
    f" www {_PROGRAMS[number % len(_PROGRAMS)]}[{300 + 7 * number}]: "
    f"{PHRASES[number].decode().strip()} ".encode()
    for number in range(256)
)
