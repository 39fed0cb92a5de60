r"""How a secret may stand in text: as it is, or escaped as JSON, URLs, HTML and Python write it, once or more than once, whoever escaped it.

A service that quotes a key back escapes what it likes (`\u0026` or `&` or `&amp;`, `%2B` or `%2b`), so each character is looked for in all its forms.
"""

from __future__ import annotations

import re
from functools import cache

RUNS = re.compile(r"\s+|\\+|.", re.DOTALL)
# Escaped up to three times, each time doubling the backslashes. Bounded, so that no line takes long, whatever it holds.
BACKSLASHES, MOST_BACKSLASHES, PERCENT, AMPERSAND = r"\\{1,8}", 8, "%(?:25){0,3}", "&(?:amp;){0,3}"
BLANKS = rf"\s|{BACKSLASHES}[nrtfv]|\+"  # a blank in a query is a plus; lines are joined by single blanks, whatever was between them
HTML_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
ONE_BYTE = 256


def secret_forms(secret: str) -> str:
    """A regular expression that finds the secret in all its forms."""
    return "".join(_form(run) for run in RUNS.findall(secret))


def _form(run: str) -> str:
    """A pattern for blanks, backslashes, or one character; letters and digits are never escaped."""
    if run.isascii() and run.isalnum():
        return run
    codes = "|".join(_codes(char) for char in dict.fromkeys(run))
    if run.isspace():
        return f"(?:{codes}|{BLANKS}){{1,{len(run)}}}"
    if run.startswith("\\"):
        return rf"(?:(?:{codes}){{{len(run)}}}|\\{{{len(run)},{MOST_BACKSLASHES * len(run)}}})"
    return rf"(?:{codes}|\\{{0,{MOST_BACKSLASHES}}}{re.escape(run)})"  # codes first: `&` is the start of `&amp;`


@cache
def _codes(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    octets = char.encode("utf-8", "surrogatepass")
    forms = [
        "".join(f"{BACKSLASHES}u{units[place : place + 4]}" for place in range(0, len(units), 4)),
        "".join(f"{PERCENT}{octet:02x}" for octet in octets),
        "".join(f"{BACKSLASHES}x{octet:02x}" for octet in octets),
        f"{AMPERSAND}#(?:0{{0,6}}{ord(char)}|x0{{0,6}}{ord(char):x});",
        f"{BACKSLASHES}U{ord(char):08x}",
    ]
    forms += [f"{BACKSLASHES}x{ord(char):02x}"] if ord(char) < ONE_BYTE else []
    forms += [f"{AMPERSAND}{HTML_NAMES[char]};"] if char in HTML_NAMES else []
    forms += [f"{BACKSLASHES}b"] if char == "\b" else []
    return f"(?i:{'|'.join(forms)})"
