"""Secrets never leave in text: every finished log line and error message is masked."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from singer_commons.secret_forms import secret_forms

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
    is_whole_text = isinstance(settings, str) and holds_secret(schema)  # a connection string, say, where its parts were asked for
    if (schema.get("secret") and settings is not None) or is_whole_text:
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


def holds_secret(schema: Mapping[str, Any]) -> bool:
    """Whether a setting of this JSON Schema is a secret or has one inside."""
    inner: Iterable[Any] = (*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties"))
    return bool(schema.get("secret")) or any(holds_secret(part) for part in inner if isinstance(part, dict))


def _texts(value: object) -> set[str]:
    if isinstance(value, dict):
        return {text for part in value.values() for text in _texts(part)}
    if isinstance(value, list):
        return {text for part in value for text in _texts(part)}
    return set() if isinstance(value, bool) else {str(value)}


class Mask:
    """Replaces secrets in text by `***`, in every form that `secret_forms` knows."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._known: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these too from now on; a key that stands between blanks in the settings is sent without them."""
        self._secrets |= {text for secret in secrets for text in (secret, secret.strip()) if len(text) >= MIN_SECRET_CHARS and text.strip()}
        longest_first = sorted(self._secrets, key=lambda one: (-len(one), one))  # so that `ab` cannot break up `abc`
        self._known = re.compile("|".join(map(secret_forms, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        if self._known:
            text = self._known.sub(MASK, text)
        return URL_PASSWORD.sub(rf"\1:{MASK}", SIGNATURE.sub(MASK, text))


class _OfThisProcess:
    """The mask of this process's command; outside of one it knows the patterns alone."""

    mask = Mask()


def known_secrets() -> Mask:
    """The mask of this process's command: what is cut short is masked with it first, since nobody knows the rest of a secret for one."""
    return _OfThisProcess.mask


def use_mask(mask: Mask) -> None:
    """Make a mask that of this process's command."""
    _OfThisProcess.mask = mask


def excerpt(text: str, most_chars: int) -> str:
    """The start of a text, on one line, masked before it is cut."""
    masked = " ".join(known_secrets()(text).split())
    return masked if len(masked) <= most_chars else masked[:most_chars].rstrip() + " ..."


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
