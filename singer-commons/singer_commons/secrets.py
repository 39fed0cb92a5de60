"""Secrets never leave in text: every finished log line and error message is masked."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "***"
MIN_SECRET_CHARS = 4  # shorter ones would blot out ordinary words; a real key is never so short

# The signature part of a shared access signature opens a storage account for whoever reads it, whatever setting it came from.
SIGNATURE = re.compile(r"(?<=[?&;]sig=)[^&\s'\"]+", re.IGNORECASE)
# The password in an address, such as that of a proxy: http://user:password@host.
URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@'\"]*):[^/\s@'\"]+(?=@)")


def secret_values(schema: Mapping[str, Any], settings: object) -> set[str]:
    """The values of all settings that the JSON Schema marks `secret`, at any depth, numbers too, as text.

    Works on settings that were not validated yet: a wrong-typed secret is a secret still.
    """
    found: set[str] = set()
    if schema.get("secret") and settings is not None:
        found |= _texts(settings)
    if isinstance(settings, dict):
        for name, part in schema.get("properties", {}).items():
            found |= secret_values(part, settings.get(name))
        if isinstance(extra := schema.get("additionalProperties"), dict):
            for value in settings.values():
                found |= secret_values(extra, value)
    if isinstance(settings, list) and isinstance(items := schema.get("items"), dict):
        for value in settings:
            found |= secret_values(items, value)
    return found


def _texts(value: object) -> set[str]:
    if isinstance(value, dict):
        return {text for part in value.values() for text in _texts(part)}
    if isinstance(value, list):
        return {text for part in value for text in _texts(part)}
    return set() if isinstance(value, bool) else {str(value)}


class Mask:
    """Replaces secrets in text by `***`, also in their JSON-escaped and URL-quoted forms."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these too from now on."""
        forms = set(self._forms)
        for secret in secrets:
            if len(secret) >= MIN_SECRET_CHARS:
                forms |= {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
                forms |= {quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
        self._forms = sorted(forms, key=len, reverse=True)  # longest first, so that `ab` cannot break up `abc`

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return URL_PASSWORD.sub(rf"\1:{MASK}", SIGNATURE.sub(MASK, text))


class MaskingFormatter(logging.Formatter):
    """Masks the finished line of another formatter.

    A logging filter would not do: the SDK's JSON formatter, which Meltano installs, renders the exception after filters ran.
    """

    def __init__(self, inner: logging.Formatter, mask: Mask) -> None:
        super().__init__()
        self._inner, self._mask = inner, mask

    def format(self, record: logging.LogRecord) -> str:
        """The inner formatter's line, masked."""
        return self._mask(self._inner.format(record))


def mask_logging(mask: Mask) -> None:
    """Wrap the formatter of every handler that is installed now."""
    loggers = [logging.getLogger(), *(one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    for handler in {handler for one in loggers for handler in one.handlers}:
        if not isinstance(handler.formatter, MaskingFormatter):
            handler.setFormatter(MaskingFormatter(handler.formatter or logging.Formatter(), mask))
