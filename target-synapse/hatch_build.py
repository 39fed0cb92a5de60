"""Depend on the checkout's singer-commons when built inside the repository, on the published one in a release.

One file, the same in each package that needs it (tests/install holds the copies against each other): hatchling puts a build hook into an sdist
only from inside the project's own folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CommonsFromCheckout(MetadataHookInterface):
    """Append the dependency on singer-commons, as a file address beside the checkout or as a version pin."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `dependencies`: those listed for this hook in pyproject.toml, and singer-commons of the same version."""
        commons = Path(self.root).parent / "singer-commons"
        from_checkout = commons.is_dir() and not os.environ.get("SLUICE_RELEASE")
        name = "sluice-singer-commons" + self.config.get("commons-extras", "")
        pin = f"{name} @ {commons.as_uri()}" if from_checkout else f"{name}=={metadata['version']}"
        metadata["dependencies"] = [*self.config["dependencies"], pin]
