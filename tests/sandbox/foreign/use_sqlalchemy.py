"""SQLAlchemy's mssql+pyodbc on a pool: reflection, changes in a transaction, paging. Prints what it saw as JSON."""

import json
import os
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote_plus

import sqlalchemy as sa

env = os.environ
words = {
    "DRIVER": env["TARGET_SYNAPSE_ODBC_DRIVER"], "SERVER": f"{env['TARGET_SYNAPSE_HOST']},{env['TARGET_SYNAPSE_PORT']}", "DATABASE": env["TARGET_SYNAPSE_DATABASE"],
    "UID": env["TARGET_SYNAPSE_USER"], "PWD": env["TARGET_SYNAPSE_PASSWORD"], "Encrypt": "yes", "TrustServerCertificate": "yes", "LongAsMax": "yes",
}  # fmt: skip
dsn = quote_plus(";".join(f"{name}={{{value}}}" for name, value in words.items()))
# A pool takes one row of VALUES: what SQLAlchemy does for many at once is not for it.
engine = sa.create_engine(f"mssql+pyodbc:///?odbc_connect={dsn}", use_insertmanyvalues=False)
orders = sa.Table(
    "orders", sa.MetaData(schema="shop"), sa.Column("id", sa.BigInteger), sa.Column("name", sa.Unicode(50)), sa.Column("amount", sa.Numeric(18, 2)),
    sa.Column("at", sa.DateTime),
)  # fmt: skip
with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
    connection.execute(sa.text("CREATE SCHEMA shop"))
    connection.execute(sa.text(
        "CREATE TABLE shop.orders (id bigint NOT NULL PRIMARY KEY NONCLUSTERED NOT ENFORCED, name nvarchar(50) NULL, amount decimal(18,2) NULL,"
        " at datetime2(6) NULL) WITH (DISTRIBUTION = HASH(id), HEAP)"))  # fmt: skip
    connection.execute(sa.text("CREATE VIEW shop.v AS SELECT id FROM shop.orders"))
look = sa.inspect(engine)
seen = {
    "schemas": look.get_schema_names(), "tables": look.get_table_names("shop"), "views": look.get_view_names("shop"),
    "there": [look.has_table("orders", schema="shop"), look.has_table("nosuch", schema="shop")], "view": look.get_view_definition("v", schema="shop"),
}  # fmt: skip
rows = [
    {"id": 1, "name": "é😀", "amount": Decimal("1.50"), "at": datetime(2020, 1, 2, 3, 4, 5, 6)},  # noqa: DTZ001  # datetime2 has no zone
    {"id": 2, "name": None, "amount": None, "at": None},
]
with engine.begin() as connection:
    connection.execute(orders.insert(), rows)
    connection.execute(orders.update().where(orders.c.id == 2).values(name="two"))
    seen["rows"] = [[str(value) for value in row] for row in connection.execute(sa.select(orders).order_by(orders.c.id).limit(5))]
    seen["page"] = [list(row) for row in connection.execute(sa.select(orders.c.id).order_by(orders.c.id).offset(1).limit(1))]
    seen["sum"] = str(connection.scalar(sa.select(sa.func.sum(orders.c.amount))))
with engine.begin() as connection:
    seen["deleted"] = connection.execute(orders.delete()).rowcount
try:
    sa.Table("x", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True)).create(engine)
except sa.exc.ProgrammingError as refused:
    seen["key"] = "NOT ENFORCED" in str(refused)
print(json.dumps(seen))  # noqa: T201  # the answer to the test that runs it
