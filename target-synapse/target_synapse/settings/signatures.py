"""Shared access signatures that the user gave: whether they still open anything, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from singer_commons.misfits import Misfit

from target_synapse.settings.connection import OF_ENTRA
from target_synapse.staging.expiry import expiry_of, now_utc, told

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping
    from datetime import datetime

SOON = timedelta(minutes=30)  # half of the hour that signatures made for one run mostly live: those are not warned of at their beginning


def signatures_in_use(settings: Mapping[str, Any]) -> dict[str, str]:
    """By setting, the signatures that open the storage to this command, or to the pool."""
    upload, by_copy = settings.get("storage_authentication") or "auto", settings.get("copy_credential") or "auto"
    given = {
        "storage_sas_token": settings.get("storage_sas_token") if upload in ("auto", "sas") else None,
        "storage_connection_secret": _of_connection_string(settings.get("storage_connection_secret"))
        if upload in ("auto", "connection_string")
        else None,
    }
    used = {name: str(token) for name, token in given.items() if token}
    if (settings.get("load_via") or "copy") == "copy" and (by_copy == "sas" or (by_copy == "auto" and used)):
        of_copy = "copy_sas_token" if settings.get("copy_sas_token") or used else "storage_sas_token"
        used |= {of_copy: str(settings[of_copy])} if settings.get(of_copy) else {}
    return used


def copy_kind(settings: Mapping[str, Any]) -> str:
    """What opens the storage to the pool: the kind that is named, else what this command has, or can mint."""
    kind, upload = settings.get("copy_credential") or "auto", settings.get("storage_authentication") or "auto"
    if kind != "auto":
        return str(kind)
    if upload in OF_ENTRA:
        return "user_delegation_sas"
    return "sas" if signatures_in_use(settings) else "account_key"


def signature_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """Those that have ended."""
    for name, token in signatures_in_use(settings).items():
        if (expiry := expiry_of(token)) and expiry <= now_utc():
            yield Misfit((name,), f"expected a signature that is still good, found one that expired at {told(expiry)}")


def warn_of_the_end(settings: Mapping[str, Any], logger: logging.Logger) -> None:
    """Tell of those that end soon."""
    for name, token in signatures_in_use(settings).items():
        if (expiry := expiry_of(token)) and expiry - now_utc() < SOON:
            logger.warning(
                "The signature in `%s` expires at %s, in %d minutes: a run that needs longer ends then", name, told(expiry), _minutes(expiry)
            )


def _minutes(expiry: datetime) -> int:
    return max(0, round((expiry - now_utc()).total_seconds() / 60))


def _of_connection_string(text: str | None) -> str:
    """The signature in it; a key opens more, and is taken first."""
    parts = {name.strip().lower(): value for name, _, value in (one.partition("=") for one in (text or "").split(";"))}
    return "" if parts.get("accountkey") else parts.get("sharedaccesssignature", "")
