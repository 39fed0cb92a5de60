"""What the documents leave open, each with the default that is taken here and why."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Switches:
    """Behaviour that a test or a demo can change with `POST /_sandbox/change`."""

    bulk_failures: str = "refuse"
    """A bulk request with a wrong batch in it. The documents say both that a missing field gets 400 and that a partial success is still
    `Accepted`. `refuse` (default, so that a client's mistake shows): 400 and nothing is stored. `accept`: 202, the wrong ones are dropped."""

    oversize_status: int = 413
    """The status for a request over the limit of size, which the documents do not name: 413 (default) or 400."""

    kilobyte_bytes: int = 1000
    """The KB of the limits, 1000 (default, the stricter) or 1024 bytes."""

    batches_per_second: int = 270
    """The default limit of rate (documents, "Default Service Limits"); mParticle raises it by arrangement."""

    limited_by: str = "feed"
    """What `X-mp-rate-limit-exceeded` names on a 429."""

    old_client_names: bool = False
    """Take `user_identities.customerid` and `schema_version`, which mParticle's own Python client sends and its schema does not have."""

    search_miss_status: int = 404
    """The status of an IDSync search that finds nobody; the documents say `user not found error` without a number."""

    def set(self, wish: Mapping[str, Any]) -> None:
        """Set some. Raises ValueError for a name that is none, or a value of another type."""
        known = {one.name for one in fields(self)}
        for name, value in wish.items():
            if name not in known:
                raise ValueError(f"no switch is named {name}; there are {', '.join(sorted(known))}")
            if type(value) is not type(getattr(self, name)):
                raise ValueError(f"the switch {name} takes a {type(getattr(self, name)).__name__}")
            setattr(self, name, value)
