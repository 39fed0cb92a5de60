"""What can go wrong between the tap and a warehouse, beyond the suite's own errors.

SuiteError
+-- QueryError   the warehouse refused a query, or broke off while it answered
"""

from __future__ import annotations

from singer_commons.errors import SuiteError


class QueryError(SuiteError):
    """The warehouse refused a model's query, or broke off while it answered."""
