"""T-SQL queries and expressions to DuckDB's: sqlglot does the general part, this the parts where meaning would change."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from sandbox.synapse.objects import duck_name
from sandbox.synapse.refusals.errors import no_object, parse_error, unsupported, view_is_broken
from sandbox.synapse.refusals.table_errors import many_hash_columns_unreadable
from sandbox.synapse.values.conversion import converted
from sandbox.synapse.values.convert_styles import hexadecimal
from sandbox.synapse.values.declared import MAX_PRECISION, DeclaredType
from sandbox.synapse.values.inference import Columns, Scope, check_collations, infer, outputs, scope_of, type_of_node
from sandbox.synapse.views.named import VIEWS, view_name
from sandbox.synapse.views.view_kind import schema_id
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.synapse.catalog import SessionCatalog
    from sandbox.synapse.objects import TableDef, ViewDef

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_CLOCKS = {"SYSUTCDATETIME", "GETUTCDATE", "SYSDATETIME", "GETDATE", "CURRENT_TIMESTAMP"}


@dataclass(slots=True)
class Reads:
    """What a statement reads that has to be made ready before it runs."""

    views: set[str] = field(default_factory=set)  # system views
    externals: dict[int, TableDef] = field(default_factory=dict)
    temporary: bool = False

    def add(self, other: Reads) -> None:
        """Take in what a part reads."""
        self.views |= other.views
        self.externals |= other.externals
        self.temporary |= other.temporary


@dataclass(frozen=True, slots=True)
class Translated:
    """A statement for DuckDB, what its columns are declared as, and what it reads."""

    sql: str
    columns: list[tuple[str, DeclaredType | None]]
    reads: Reads
    never_null: frozenset[int] = frozenset()  # places of columns that are ISNULL(...), which a CTAS makes NOT NULL
    identities: Mapping[int, tuple[int, int]] = field(default_factory=dict)  # places of IDENTITY columns that a CTAS inherits

    @property
    def temporary(self) -> bool:
        """Whether it reads a session's own table."""
        return self.reads.temporary


def literal(value: object) -> exp.Expr:  # noqa: C901, PLR0911  # a table of kinds
    """A parameter's value as a DuckDB literal, so that it converts as a literal would."""
    match value:
        case None:
            return exp.Null()
        case bool():
            return exp.Boolean(this=value)
        case int() | Decimal():
            text = f"{value:f}" if isinstance(value, Decimal) else str(value)
            number = exp.Literal.number(text.lstrip("-"))
            return exp.Paren(this=exp.Neg(this=number)) if text.startswith("-") else number
        case float():
            return exp.cast(exp.Literal.string(repr(value)), "DOUBLE", dialect="duckdb")
        case bytes() | bytearray() | memoryview():
            return exp.Anonymous(this="from_hex", expressions=[exp.Literal.string(bytes(value).hex())])
        case datetime() if value.tzinfo is not None:
            return exp.Anonymous(this="dto", expressions=[exp.Literal.string(value.isoformat(sep=" "))])
        case datetime():
            return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "TIMESTAMP", dialect="duckdb")
        case date():
            return exp.cast(exp.Literal.string(value.isoformat()), "DATE", dialect="duckdb")
        case time():
            return exp.cast(exp.Literal.string(value.isoformat()), "TIME", dialect="duckdb")
        case uuid.UUID():
            return exp.cast(exp.Literal.string(str(value)), "UUID", dialect="duckdb")
    return exp.Literal.string(str(value))


def _name(table: exp.Table) -> tuple[str, ...]:
    return tuple(part for part in (table.catalog, table.db, table.name) if part)


def _become(table: exp.Table, query: str) -> None:
    """Put DuckDB's own query in the place of a table, under the same name."""
    rows = sqlglot.parse_one(query, read="duckdb")
    table.replace(exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier(table.alias_or_name, quoted=True))))


def _ignores_case(node: exp.Expr, scope: Scope) -> bool:
    """Whether REPLACE ignores it: it goes by the collation of its input [sql/t-sql/functions/replace-transact-sql, "Remarks"]."""
    while isinstance(node, exp.Replace):  # an inner one keeps its input's collation
        node = node.this
    if isinstance(node, exp.Collate):
        return bool(node.expression.name == "NOCASE")
    kind = infer(node, scope)
    return kind is None or kind.ignores_case


def _without_blanks(node: exp.Expr) -> exp.Expr:
    """`U ` equals `U`: blanks at the end do not count [sql/t-sql/language-elements/string-comparison-assignment]."""
    for name in ("this", "expression", "expressions"):
        value = node.args.get(name)
        parts = value if isinstance(value, list) else [value] if value is not None else []
        cut = [exp.Anonymous(this="rtrim", expressions=[part.copy()]) for part in parts]
        if cut:
            node.set(name, cut if isinstance(value, list) else cut[0])
    return node


class Translator:
    """Translates for one session: its catalogue, its variables and its system functions."""

    def __init__(
        self,
        catalog: SessionCatalog,
        variables: Mapping[str, object],
        functions: Mapping[str, Callable[..., object]],
        meet: Callable[[TableDef | ViewDef], None] = lambda _: None,  # is told of each table and view that the text itself names
    ) -> None:
        self._catalog, self._variables, self._functions, self._meet = catalog, variables, functions, meet

    def query(self, text: str) -> Translated:
        """Translate a SELECT. Raises 103010, 208, 137 and what the parts raise."""
        tree = self._parse(text)
        columns = outputs(tree, self._relation)
        selected = tree.expressions if isinstance(tree, exp.Select) else []
        safe = frozenset(place for place, part in enumerate(selected) if part.unalias().args.get("is_null"))
        identities = self._identities(tree)
        reads = Reads()
        tree = self._rewritten(tree, reads)
        return Translated(tree.sql("duckdb"), columns, reads, safe, identities)

    def parts(self, text: str) -> tuple[list[str], Reads]:
        """Translate a SELECT, and hand back its expressions one by one, and what is read."""
        reads = Reads()
        tree = self._rewritten(self._parse(text), reads)
        return [part.unalias().sql("duckdb") for part in tree.expressions], reads

    def _identities(self, tree: exp.Expr) -> dict[int, tuple[int, int]]:
        """Where an IDENTITY column comes through: one table, no join, no UNION, no expression [sql-data-warehouse-tables-identity, "SELECT..INTO"]."""
        source = tree.args.get("from_") if isinstance(tree, exp.Select) else None
        if source is None or not isinstance(source.this, exp.Table) or tree.args.get("joins") or tree.args.get("group"):
            return {}
        table = self._catalog.find(_name(source.this)) if isinstance(source.this.this, exp.Identifier) else None
        if table is None or table.identity is None or table.identity.identity is None:
            return {}
        names: list[str] = []
        for part in tree.expressions:
            names += (
                [column.name for column in table.columns] if part.is_star else [part.unalias().name if isinstance(part.unalias(), exp.Column) else ""]
            )
        found = [place for place, name in enumerate(names) if name.lower() == table.identity.name.lower()]
        return {found[0]: table.identity.identity} if len(found) == 1 else {}

    def tables(self, source: str) -> list[tuple[tuple[str, ...], str]]:
        """Name and alias ('' without one) of each table that a FROM clause names directly."""
        tree = self._parse(f"SELECT 1 AS one FROM {source}")
        parts = [tree.args["from_"], *(tree.args.get("joins") or [])]
        found = [part.this for part in parts if isinstance(part.this, exp.Table)]
        return [(_name(table), table.alias) for table in found]

    def _parse(self, text: str) -> exp.Expr:
        try:
            tree = sqlglot.parse_one(text, read="tsql")
        except ParseError as error:
            first = error.errors[0] if error.errors else {}
            near = str(first.get("highlight") or "")
            raise parse_error(text, max(text.find(near), 0), near) from error
        except RecursionError as error:
            raise SqlError(8631, "Internal error: Server stack limit has been reached.") from error
        if not isinstance(tree, exp.Query):
            raise parse_error(text, 0, text.split(maxsplit=1)[0])
        if tree.args.get("into"):
            raise unsupported("INTO in this place")
        named = Counter(table.name.lower() for table in tree.find_all(exp.Table))
        for column in tree.find_all(exp.Column):
            if column.db and named[column.table.lower()] == 1:  # `sys.objects.name`: a view's rows stand under its own name alone
                column.set("db", None)
                column.set("catalog", None)
        for name in tree.find_all(exp.Identifier):
            sign = "#" if name.args.get("temporary") else "##" if name.args.get("global_") else ""
            if sign:  # sqlglot keeps it beside the name
                name.replace(exp.to_identifier(sign + name.this, quoted=True))
        return tree

    def _relation(self, table: exp.Table) -> Columns | None:
        if not isinstance(table.this, exp.Identifier):
            return None  # a function in FROM, refused where tables are rewritten
        if view := view_name(table.db, table.name):
            return VIEWS[view].columns
        found = self._catalog.find(_name(table))
        if found is None and (view_of := self._view(table)):
            return dict(view_of.columns)
        return {column.name: column.type for column in found.columns} if found else None

    def _view(self, table: exp.Table) -> ViewDef | None:
        return None if table.name.startswith("#") else self._catalog.shared.view(_name(table))

    def _rewritten(self, tree: exp.Expr, reads: Reads) -> exp.Expr:
        ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        scopes = {id(select): scope_of(select, self._relation, {}) for select in tree.find_all(exp.Select)}
        everything = Scope({name: columns for scope in scopes.values() for name, columns in scope.sources.items()})
        # Deepest first, so that a node is rewritten when its parts already are; types come from the nodes as written.
        nodes = list(tree.walk(bfs=True))
        for node in nodes:
            if isinstance(node, _COMPARISONS):
                check_collations(node, everything)
        kinds = {id(node): infer(node.this, everything) for node in nodes if isinstance(node, (exp.Cast, exp.Sum))}
        kinds |= {id(node): infer(node.expression, everything) for node in nodes if isinstance(node, exp.Convert)}
        whole = {id(node) for node in nodes if isinstance(node, exp.Div) and infer(node, everything)}
        texts = {id(node) for node in nodes if isinstance(node, exp.Add) and self._is_text(node, everything)}
        for node in reversed(nodes):
            if isinstance(node, exp.Table):
                self._table(node, ctes, reads)
            elif isinstance(node, exp.Div):
                self._divide(node, whole=id(node) in whole)
            elif (new := self._node(node, kinds, texts, everything)) is not node:
                if node is tree:
                    tree = new
                node.replace(new)
        return tree

    @staticmethod
    def _divide(node: exp.Div, *, whole: bool) -> None:
        """T-SQL divides whole numbers wholly, and refuses zero with 8134."""
        divisor = exp.Anonymous(this="not_zero", expressions=[node.expression.copy()])
        if whole:
            node.replace(exp.IntDiv(this=node.this.copy(), expression=divisor))
        else:
            node.set("expression", divisor)

    @staticmethod
    def _is_text(node: exp.Add, scope: Scope) -> bool:
        sides = [infer(part, scope) for part in node.flatten()] + [infer(node.this, scope), infer(node.expression, scope)]
        return any(side is not None and side.is_text for side in sides)

    def _table(self, table: exp.Table, ctes: set[str], reads: Reads) -> None:
        table.set("hints", None)
        if not table.db and table.name.lower() in ctes:
            return
        if not isinstance(table.this, exp.Identifier):
            raise unsupported(f"The table function {table.this.sql('tsql')}")
        if view := view_name(table.db, table.name):
            reads.views.add(view)
            _become(table, VIEWS[view].select(view))
            return
        found = self._catalog.find(_name(table))
        if found is None and (view_of := self._view(table)):
            self._meet(view_of)
            _become(table, self._query_of(view_of, reads))
            return
        if found is None:
            raise no_object(".".join(part for part in (table.db, table.name) if part))
        self._meet(found)
        if len(found.hash_columns) > 1 and self._catalog.shared.content.compatibility != "50":
            raise many_hash_columns_unreadable()
        if found.external is not None:
            reads.externals[found.object_id] = found
            _become(table, f"SELECT * FROM external_{found.object_id}")
            return
        reads.temporary |= found.temporary
        table.set("catalog", exp.to_identifier("temp") if found.temporary else None)
        table.set("db", exp.to_identifier("main" if found.temporary else found.schema, quoted=True))
        table.set("this", exp.to_identifier(found.name, quoted=True))

    def _query_of(self, view: ViewDef, reads: Reads) -> str:
        """A view's query in DuckDB's words, with the view's own column names. Raises 4413 when what it reads is gone."""
        try:
            inner = Translator(self._catalog, {}, self._functions).query(view.query)
        except SqlError as error:
            raise view_is_broken(view.name) from error
        reads.add(inner.reads)
        names = ", ".join(duck_name(name) for name in view.columns)
        return f"SELECT * FROM ({inner.sql}) AS view_of({names})"

    def _node(self, node: exp.Expr, kinds: dict[int, DeclaredType | None], texts: set[int], scope: Scope) -> exp.Expr:  # noqa: C901, PLR0911, PLR0912  # a table of kinds
        match node:
            case exp.Parameter() if not isinstance(node.parent, exp.Parameter):
                return self._variable(node)
            case exp.Literal() if not node.is_string and sum(map(str.isdigit, node.this)) > MAX_PRECISION and "e" not in node.this.lower():
                raise SqlError(1007, f"The number '{node.this}' is out of the range for numeric representation (maximum precision 38).", severity=15)
            case exp.National():
                return exp.Literal.string(node.this)
            case exp.Convert() if (bits := hexadecimal(node)) is not None:
                return bits
            case exp.Convert():
                return self._cast(node.expression, type_of_node(node.this), kinds.get(id(node)))
            case exp.TryCast():
                return exp.TryCast(this=node.this, to=exp.DataType.build(type_of_node(node.to).duck(collate=False), dialect="duckdb"))
            case exp.Cast() if isinstance(node.to, exp.DataType):
                return self._cast(node.this, type_of_node(node.to), kinds.get(id(node)))
            case exp.Add() if id(node) in texts:
                return exp.DPipe(this=node.this, expression=node.expression)
            case exp.Sum() if (kind := kinds.get(id(node))) and kind.is_integer and not isinstance(node.parent, exp.Window):
                return exp.cast(node.copy(), "BIGINT" if kind.name == "bigint" else "INTEGER", dialect="duckdb")
            case exp.CurrentTimestamp() | exp.CurrentDatetime():
                return literal(datetime.now(UTC).replace(tzinfo=None))
            case exp.Collate():
                return self._collate(node)
            case exp.Unicode():
                return exp.Anonymous(this="first_unit", expressions=[node.this])
            case exp.Length():
                return exp.Anonymous(this="utf16", expressions=[exp.Anonymous(this="rtrim", expressions=[node.this])])
            case exp.Like() if (kind := infer(node.this, scope)) is None or kind.ignores_case:
                return exp.ILike(this=node.this, expression=node.expression)
            case exp.Replace() if _ignores_case(node.this, scope):
                return exp.Anonymous(this="replace_ci", expressions=[node.this, node.expression, node.args["replacement"]])
            case exp.EQ() | exp.NEQ() | exp.In() if (kind := infer(node.this, scope)) and kind.name in {"char", "nchar"}:
                return _without_blanks(node)
            case exp.Column() if node.catalog:
                node.set("catalog", None)
            case exp.ObjectId() | exp.CurrentSchema() | exp.Anonymous():
                return self._function(node)
        return node

    @staticmethod
    def _collate(node: exp.Collate) -> exp.Expr:
        name = node.expression.name.upper()
        if "_CI" in name:
            return exp.Collate(this=node.this, expression=exp.Var(this="NOCASE"))
        return exp.Collate(this=node.this, expression=exp.Var(this='"binary"')) if "BIN" in name or "_CS" in name else node  # quoted: it is a keyword

    @staticmethod
    def _cast(value: exp.Expr, target: DeclaredType, source: DeclaredType | None) -> exp.Expr:
        text = converted(value.sql("duckdb"), target, source)
        return sqlglot.parse_one(text, read="duckdb")

    def _variable(self, node: exp.Parameter) -> exp.Expr:
        inner = node.this
        name = "@@" + inner.name.lower() if isinstance(inner, exp.Parameter) else "@" + inner.name.lower()
        if name in self._functions:
            return literal(self._functions[name]())
        if name not in self._variables:
            raise SqlError(137, f'Must declare the scalar variable "@{inner.name}".', severity=15)
        return literal(self._variables[name])

    def _function(self, node: exp.Expr) -> exp.Expr:  # noqa: PLR0911  # a table of functions
        if isinstance(node, exp.ObjectId):
            name, arguments = "OBJECT_ID", [node.this, *([node.expression] if node.expression else [])]
        elif isinstance(node, exp.CurrentSchema):
            name, arguments = "SCHEMA_NAME", [node.this] if node.this else []
        else:
            name, arguments = node.name.upper(), node.expressions
        if name in _CLOCKS:
            return literal(datetime.now(UTC).replace(tzinfo=None))
        if name == "NCHAR":
            return exp.Anonymous(this="chr", expressions=arguments)
        if name == "SYSDATETIMEOFFSET":
            return literal(datetime.now(UTC))
        if name == "BINARY_CHECKSUM":
            return _checksum(arguments)
        if name == "DATALENGTH":
            size = exp.Anonymous(this="utf16", expressions=[node.expressions[0]])
            return exp.Paren(this=exp.Mul(this=size, expression=exp.Literal.number(2)))
        if name not in self._functions:
            return node
        if all(isinstance(argument, (exp.Literal, exp.Null)) for argument in arguments):
            values = [int(part.this) if isinstance(part, exp.Literal) and not part.is_string else part.name for part in arguments]
            return literal(self._functions[name](*values))
        return self._looked_up(name, arguments)

    def _looked_up(self, name: str, arguments: list[exp.Expr]) -> exp.Expr:
        """A catalogue function over a column: the names by number, as a CASE."""
        if name not in {"SCHEMA_NAME", "OBJECT_NAME"} or len(arguments) != 1:
            raise unsupported(f"{name} of {', '.join(part.sql('tsql') for part in arguments)} in this place")
        shared = self._catalog.shared
        schemas = {schema_id(shared, key): text for key, text in shared.schemas.items()}
        pairs = schemas if name == "SCHEMA_NAME" else {one.object_id: one.name for one in shared.objects()}
        case = exp.Case(this=arguments[0], ifs=[])
        for number, text in pairs.items():
            case = case.when(exp.Literal.number(number), exp.Literal.string(text), copy=False)
        return case if pairs else exp.Null()


def _checksum(arguments: list[exp.Expr]) -> exp.Expr:
    """An int, the same for rows that are the same [sql/t-sql/functions/binary-checksum-transact-sql]; which one is not documented."""
    values = "*COLUMNS(*)" if any(isinstance(one, exp.Star) for one in arguments) else ", ".join(one.sql("duckdb") for one in arguments)
    return sqlglot.parse_one(f"CAST(hash({values}) % 4294967296 AS BIGINT) - 2147483648", read="duckdb")
