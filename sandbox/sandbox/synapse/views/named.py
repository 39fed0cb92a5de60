"""The system views that a loader asks, made from the pool's catalogue and log when a query names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.synapse.rights import permissions
from sandbox.synapse.views import views_information, views_objects, views_partitions, views_pool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.synapse.views.view_kind import View

VIEWS: Final[Mapping[str, View]] = {
    **views_information.VIEWS,
    **views_objects.VIEWS,
    **views_partitions.VIEWS,
    **views_pool.VIEWS,
    **permissions.VIEWS,
}


def view_name(schema: str, name: str) -> str | None:
    """The registered name of a system view, or None. Case does not matter."""
    wanted = f"{schema.lower()}_{name.lower()}"
    return wanted if schema.lower() in {"sys", "information_schema"} and wanted in VIEWS else None
