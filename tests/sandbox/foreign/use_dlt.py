"""dlt's Synapse destination on a pool: append, merge twice, replace. Prints row counts as JSON."""

import json
import os
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote_plus

env = os.environ
env["RUNTIME__DLTHUB_TELEMETRY"] = "false"
folder = tempfile.mkdtemp()
Path(folder, "odbcinst.ini").write_text(f"[ODBC Driver 18 for SQL Server]\nDriver={env['TARGET_SYNAPSE_ODBC_DRIVER']}\n", encoding="utf-8")
env["ODBCSYSINI"] = folder  # dlt takes the driver by this name only
login = f"{env['TARGET_SYNAPSE_USER']}:{quote_plus(env['TARGET_SYNAPSE_PASSWORD'])}@{env['TARGET_SYNAPSE_HOST']}:{env['TARGET_SYNAPSE_PORT']}"
query = "driver=ODBC+Driver+18+for+SQL+Server&Encrypt=yes&TrustServerCertificate=yes&LongAsMax=yes"
env["DESTINATION__SYNAPSE__CREDENTIALS"] = f"synapse://{login}/{env['TARGET_SYNAPSE_DATABASE']}?{query}"

import dlt  # noqa: E402  # it reads the environment when it is imported


def rows(start):
    """Fifty rows with a nested object and a list."""
    return [
        {"id": number, "name": f"n'é{number}", "amount": Decimal("1.25"), "ok": bool(number % 2), "at": datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
         "day": date(2020, 1, 2), "tags": ["a", "b"], "nested": {"x": {"y": number}}}
        for number in range(start, start + 50)
    ]  # fmt: skip


pipeline = dlt.pipeline("foreign", destination="synapse", dataset_name="dlt_data", pipelines_dir=folder)
pipeline.run(rows(0), table_name="things", write_disposition="append")
pipeline.run(rows(0), table_name="merged", write_disposition="merge", primary_key="id")
pipeline.run(rows(25), table_name="merged", write_disposition="merge", primary_key="id")
pipeline.run([{"id": 1, "name": "x", "extra": 1.5}], table_name="things", write_disposition="replace")
counts = {}
with pipeline.sql_client() as client:
    for table in ("merged", "merged__tags", "things"):
        with client.execute_query(f"SELECT COUNT(*) FROM dlt_data.{table}") as answer:
            counts[table] = answer.fetchall()[0][0]
print(json.dumps(counts))  # noqa: T201  # the answer to the test that runs it
