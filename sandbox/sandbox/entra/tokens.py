"""Access tokens: JSON Web Tokens with the claims that Azurite and the pool look at.

Entra signs with RS256 and publishes the key; here whoever checks shares the key of HS256 with the issuer. Claims:
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

LIFETIME_S = 3_600


@dataclass(frozen=True, slots=True)
class Issuer:
    """Makes tokens and knows its own again."""

    key: bytes
    tenant: str

    def token(self, *, subject: str, audience: str, lifetime_s: int = LIFETIME_S) -> str:
        """A token for an application's id or a user's name; a negative lifetime makes one that has expired."""
        now = int(time.time())
        claims = {
            "aud": audience.rstrip("/"), "iss": f"https://sts.windows.net/{self.tenant}/", "iat": now, "nbf": now - 60, "exp": now + lifetime_s,
            "appid": subject, "sub": subject, "oid": subject, "tid": self.tenant, "ver": "1.0",
        }  # fmt: skip
        head = f"{_packed({'typ': 'JWT', 'alg': 'HS256'})}.{_packed(claims)}"
        return f"{head}.{self._signature(head)}"

    def subject(self, token: str, *, audience: str) -> str | None:
        """Whom the token is for; None for one that is not this issuer's, is for another audience, or has expired."""
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(head).encode()):
            return None
        claims = _unpacked(head.partition(".")[2])
        is_valid = claims.get("aud") == audience.rstrip("/") and float(claims.get("exp", 0)) > time.time()
        return str(claims["appid"]) if is_valid else None

    def _signature(self, head: str) -> str:
        return _base64(hmac.new(self.key, head.encode(), hashlib.sha256).digest())


def _packed(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _unpacked(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
