"""Rights on tables are kept, shown, and go with the table, not with its name."""

from __future__ import annotations

SHOWN = (
    "SELECT p.state_desc, p.permission_name, u.name, c.name AS col FROM sys.database_permissions AS p"
    " JOIN sys.database_principals AS u ON u.principal_id = p.grantee_principal_id"
    " LEFT JOIN sys.columns AS c ON c.object_id = p.major_id AND c.column_id = p.minor_id WHERE p.major_id = OBJECT_ID(N'{}') ORDER BY 1, 2, 3"
)


def test_rights_on_a_table_are_shown_until_they_are_taken_away(client):
    client.run("CREATE TABLE t (a int, b int)")
    client.run("GRANT SELECT, INSERT ON OBJECT::dbo.t TO reader, [w r]")
    client.run("DENY SELECT ON t (b) TO reader")
    client.run("GRANT CONTROL ON t TO boss WITH GRANT OPTION")
    client.run("REVOKE INSERT ON t FROM READER")
    assert client.run(SHOWN.format("t")) == [
        ("DENY", "SELECT", "reader", "b"),
        ("GRANT", "INSERT", "w r", None),
        ("GRANT", "SELECT", "reader", None),
        ("GRANT", "SELECT", "w r", None),
        ("GRANT_WITH_GRANT_OPTION", "CONTROL", "boss", None),
    ]


def test_rights_on_schemas_and_the_database_are_shown_by_their_class(client):
    client.run(
        "CREATE USER reader WITHOUT LOGIN; GRANT SELECT, ALTER ON SCHEMA::dbo TO reader; DENY CREATE TABLE TO READER; REVOKE ALTER ON SCHEMA::dbo TO reader"
    )
    shown = "SELECT p.class_desc, p.major_id, p.permission_name, p.state_desc, u.name FROM sys.database_permissions AS p"
    (schema,) = client.run("SELECT schema_id FROM sys.schemas WHERE name = 'dbo'")
    assert sorted(client.run(f"{shown} JOIN sys.database_principals AS u ON u.principal_id = p.grantee_principal_id")) == [
        ("DATABASE", 0, "CREATE TABLE", "DENY", "reader"),
        ("SCHEMA", schema[0], "SELECT", "GRANT", "reader"),
    ]
    client.run("DROP USER reader")
    assert client.run("SELECT * FROM sys.database_permissions") == []


def test_a_renamed_table_keeps_its_rights_and_a_copy_has_none(client):
    client.run("CREATE TABLE t (a int)")
    client.run("GRANT SELECT ON t TO reader")
    client.run("CREATE TABLE c WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT * FROM t")
    client.run("RENAME OBJECT t TO old")
    client.run("RENAME OBJECT c TO t")
    assert client.run(SHOWN.format("old")) == [("GRANT", "SELECT", "reader", None)]
    assert client.run(SHOWN.format("t")) == []
