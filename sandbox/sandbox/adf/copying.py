"""The Copy activity: from the files of a folder into a table, as a definition says, through a pool's SQL endpoint.

A pipeline holds one Copy activity with a DelimitedText source and a SqlDWSink, which with `allowCopyCommand` is a COPY INTO
[learn.microsoft.com/azure/data-factory/connector-azure-sql-data-warehouse, "Use COPY statement"]. What that page asks of a direct copy is held here: a row
delimiter of one character, an escape that equals the quote, NULL as an empty field, UTF-8, gzip or nothing, and all files of the folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.adf.expressions import DefinitionError, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping


LOST_CONNECTION = 20_000  # and the numbers behind it: DB-Library's own, as 20047, "DBPROCESS is dead"
TRANSPORT_ERROR = 10_054  # learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues


class ActivityError(Exception):
    """What an activity says of its failure."""


@dataclass(frozen=True, slots=True)
class Places:
    """What the linked services of a factory hold: a pool, and a blob store."""

    host: str
    port: int
    database: str
    user: str
    storage_url: str
    password: str = field(repr=False)
    storage_key: str = field(repr=False)


def statement(definition: Mapping[str, Any], parameters: Mapping[str, Any], places: Places) -> str:
    """The COPY INTO that the pipeline's activity comes to. Raises DefinitionError."""
    activities = definition["pipeline"]["properties"]["activities"]
    if [one["type"] for one in activities] != ["Copy"]:
        raise DefinitionError("the stand-in runs pipelines of one Copy activity")
    (activity,) = activities
    how = resolved(activity["typeProperties"], parameters, {})
    source = _dataset(definition, activity["inputs"][0], parameters, "DelimitedText")
    sink = _dataset(definition, activity["outputs"][0], parameters, "AzureSqlDWTable")
    _check_direct(how, source)
    place = source["location"]
    columns = ", ".join(f"{_name(one['sink']['name'])} {one['source']['ordinal']}" for one in how["translator"]["mappings"])
    return (
        f"COPY INTO {_name(sink['schema'])}.{_name(sink['table'])} ({columns}) FROM {_text(_address(places, place))} "
        f"WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = {_text(places.storage_key)}), "
        f"COMPRESSION = '{'Gzip' if source.get('compressionCodec') == 'gzip' else 'None'}', FIELDQUOTE = {_text(source['quoteChar'])}, "
        f"FIELDTERMINATOR = {_text(source['columnDelimiter'])}, ROWTERMINATOR = '0x{ord(source['rowDelimiter']):02X}', ENCODING = 'UTF8')"
    )


def run(sql: str, places: Places) -> None:
    """Run the statement in the pool. Raises ActivityError."""
    import pymssql  # noqa: PLC0415  # only a pipeline that runs needs a driver

    try:
        connection = pymssql.connect(
            server=places.host, port=str(places.port), user=places.user, password=places.password, database=places.database, autocommit=True
        )
        try:
            connection.cursor().execute(sql)
        finally:
            connection.close()
    except pymssql.Error as error:
        raise ActivityError(told(error)) from error


def told(error: Exception) -> str:
    """What an activity says of a failure of the pool [github.com/MicrosoftDocs/azure-docs/issues/52285; which number a lost connection gets there: unconfirmed]."""
    found = error.args[0] if error.args and isinstance(error.args[0], tuple) else error.args
    number, text = (int(found[0]), found[1]) if len(found) > 1 else (0, str(error))
    said = text.decode(errors="replace").partition("DB-Lib error")[0].strip() if isinstance(text, bytes) else str(text)
    if number // 100 == LOST_CONNECTION // 100:
        number, said = TRANSPORT_ERROR, "A transport-level error has occurred when receiving results from the server."
    return (
        "ErrorCode=SqlOperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,"
        f"Message=A database operation failed with the following error: '{said}',Source=,''Type=System.Data.SqlClient.SqlException,Message={said},"
        f"Source=.Net SqlClient Data Provider,SqlErrorNumber={number},Class=16,ErrorCode=-2146232060,State=1,"
        f"Errors=[{{Class=16,Number={number},State=1,Message={said},}},],'"
    )


def _dataset(definition: Mapping[str, Any], reference: Mapping[str, Any], parameters: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    declared = definition["datasets"][reference["referenceName"]]["properties"]
    if declared["type"] != kind:
        raise DefinitionError(f"the stand-in copies with a dataset of type {kind}, not {declared['type']}")
    given = resolved(reference.get("parameters", {}), parameters, {})
    if set(given) != set(declared.get("parameters", {})):
        raise DefinitionError(f"Dataset {reference['referenceName']} wants the parameters {', '.join(declared.get('parameters', {}))}")
    found: Mapping[str, Any] = resolved(declared["typeProperties"], {}, given)
    return found


def _check_direct(how: Mapping[str, Any], source: Mapping[str, Any]) -> None:
    settings = how["source"].get("storeSettings", {})
    problems = [
        text
        for is_wrong, text in (
            (not how["sink"].get("allowCopyCommand"), "the stand-in copies with allowCopyCommand only"),
            (len(source.get("rowDelimiter", "")) != 1, "rowDelimiter is a single character or \\r\\n"),
            (source.get("escapeChar") != source.get("quoteChar"), "escapeChar must be the same as quoteChar"),
            (source.get("nullValue", "") != "", "nullValue is left as default or set to empty string"),
            (source.get("encodingName", "utf-8").lower() != "utf-8", "encodingName is left as default or set to utf-8"),
            (source.get("firstRowAsHeader", False), "a file without a header is mapped by ordinals"),
            (settings.get("recursive") is not True, "if your source is a folder, recursive must be set to true"),
        )
        if is_wrong
    ]
    if problems:
        raise DefinitionError(f"Direct copying with COPY statement is not supported: {'; '.join(problems)}")


def _address(places: Places, place: Mapping[str, Any]) -> str:
    return f"{places.storage_url}/{place['container']}/{place['folderPath'].strip('/')}/"


def _name(name: str) -> str:
    return f"[{name.replace(']', ']]')}]"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
