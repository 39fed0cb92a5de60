"""The declared types of a query's columns, as far as the text says: what a result, a CTAS and `+` need to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from sandbox.synapse.reading.tokens import Reader, tokens
from sandbox.synapse.refusals.table_errors import collation_conflict
from sandbox.synapse.values.declared import BIGINT, DEFAULT_COLLATION, INT, DeclaredType, read_type

Columns = Mapping[str, DeclaredType | None]
Relations = Callable[[exp.Table], Columns | None]


def type_of_node(kind: exp.DataType) -> DeclaredType:
    """The declared type of a CAST's target."""
    if kind.this == exp.DType.TEXT and not kind.expressions:
        return DeclaredType("nvarchar", None)  # sqlglot's own, around the arguments of LEN and LEFT: a pool has no type of that name
    text = kind.sql("tsql")
    return read_type(Reader(text, tokens(text)), column=text, default_length=30)  # 30 is CAST's default [sql/t-sql/data-types/nchar-and-nvarchar]


class Scope:
    """The columns that one SELECT sees, by table name and alone."""

    def __init__(self, sources: dict[str, Columns]) -> None:
        self.sources = sources

    def column(self, node: exp.Column) -> DeclaredType | None:
        """The type of a column reference."""
        wanted = node.table.lower()
        for name, columns in self.sources.items():
            if wanted and wanted != name:
                continue
            for column, kind in columns.items():
                if column.lower() == node.name.lower():
                    return kind
        return None

    def star(self, table: str = "") -> list[tuple[str, DeclaredType | None]]:
        """Every column, or every column of one table."""
        return [pair for name, columns in self.sources.items() if not table or name == table.lower() for pair in columns.items()]


def scope_of(select: exp.Select, relations: Relations, outer: dict[str, Columns]) -> Scope:
    """What one SELECT's FROM and JOINs bring."""
    sources: dict[str, Columns] = {}
    froms = [part for part in (select.args.get("from_"), *(select.args.get("joins") or [])) if part is not None]
    for part in froms:
        source = part.this
        if isinstance(source, exp.Table):
            found = outer.get(source.name.lower()) if not source.db else None
            found = found if found is not None else relations(source)
            sources[source.alias_or_name.lower()] = found or {}
        elif isinstance(source, exp.Subquery):
            sources[source.alias.lower()] = _named(outputs(source.this, relations, outer), source)
        elif isinstance(source, exp.Values):
            sources[source.alias.lower()] = {column.name: None for column in source.args["alias"].columns} if source.alias else {}
    return Scope(sources)


def _named(columns: list[tuple[str, DeclaredType | None]], source: exp.Subquery) -> Columns:
    alias = source.args.get("alias")
    renamed = [column.name for column in alias.columns] if alias else []
    return {(renamed[place] if place < len(renamed) else name): kind for place, (name, kind) in enumerate(columns)}


def outputs(query: exp.Expr, relations: Relations, outer: dict[str, Columns] | None = None) -> list[tuple[str, DeclaredType | None]]:
    """Name and type (None: unknown) of each column of a query."""
    known: dict[str, Columns] = dict(outer or {})
    ctes = query.args.get("with_")
    for cte in ctes.expressions if ctes else []:
        known[cte.alias.lower()] = dict(outputs(cte.this, relations, known))
    if isinstance(query, exp.SetOperation):
        left, right = outputs(query.left, relations, known), outputs(query.right, relations, known)
        return [(name, wider(kind, other[1])) for (name, kind), other in zip(left, right, strict=False)]
    if isinstance(query, exp.Subquery):
        return outputs(query.this, relations, known)
    if not isinstance(query, exp.Select):
        return []
    scope = scope_of(query, relations, known)
    found: list[tuple[str, DeclaredType | None]] = []
    for part in query.expressions:
        if part.is_star:
            found += scope.star(part.table if isinstance(part, exp.Column) else "")
        else:
            found.append((part.alias_or_name if isinstance(part, (exp.Alias, exp.Column)) else "", infer(part, scope)))
    return found


def wider(one: DeclaredType | None, other: DeclaredType | None) -> DeclaredType | None:
    """The type that holds both, where that is plain."""
    if one is None or other is None or one == other:
        return one or other
    if one.is_text and other.is_text:
        length = None if one.length is None or other.length is None else max(one.length, other.length)
        return DeclaredType("nvarchar" if "n" in {one.name[0], other.name[0]} else "varchar", length, collation=one.collation or other.collation)
    rank = ["bit", "tinyint", "smallint", "int", "bigint"]
    if one.name in rank and other.name in rank:
        return one if rank.index(one.name) >= rank.index(other.name) else other
    return None


def infer(node: exp.Expr, scope: Scope) -> DeclaredType | None:  # noqa: C901, PLR0911, PLR0912  # a table of kinds
    """The type of one expression, None where only DuckDB knows."""
    match node:
        case exp.Alias() | exp.Paren():
            return infer(node.this, scope)
        case exp.Column():
            return scope.column(node)
        case exp.Convert():
            return type_of_node(node.this)
        case exp.Cast():
            return type_of_node(node.to)
        case exp.Coalesce():
            first = infer(node.this, scope)
            if node.args.get("is_null"):  # ISNULL has its first argument's type [sql/t-sql/functions/isnull-transact-sql]
                return first
            return _widest([node.this, *node.expressions], scope)
        case exp.Case():
            return _widest([*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")], scope)
        case exp.If():
            return _widest([node.args["true"], node.args.get("false")], scope)
        case exp.National() | exp.Literal():
            return _literal(node)
        case exp.Length() | exp.Unicode():
            return INT
        case exp.Anonymous() if node.name.upper() == "NCHAR":
            return DeclaredType("nvarchar", 1)
        case exp.Count():
            return BIGINT if node.args.get("big_int") else INT
        case exp.Window():
            return BIGINT if isinstance(node.this, (exp.RowNumber, exp.Rank, exp.DenseRank)) else infer(node.this, scope)
        case (
            exp.Max() | exp.Min() | exp.Nullif() | exp.Lower() | exp.Upper() | exp.Trim() | exp.Left() | exp.Right() | exp.Substring() | exp.Collate()
        ):
            return infer(node.this, scope)
        case exp.Sum():
            summed = infer(node.this, scope)
            return (BIGINT if summed.name == "bigint" else INT) if summed and summed.is_integer else None
        case exp.Subquery():
            inner = node.this.expressions if isinstance(node.this, exp.Select) else []
            return infer(inner[0], scope) if len(inner) == 1 else None
        case exp.Add() | exp.DPipe():
            left, right = infer(node.this, scope), infer(node.expression, scope)
            return _joined(left, right) or _integer(left, right)
        case exp.Sub() | exp.Mul() | exp.Div() | exp.Mod():
            return _integer(infer(node.this, scope), infer(node.expression, scope))
    return None


def _widest(branches: list[exp.Expr | None], scope: Scope) -> DeclaredType | None:
    """The type that every branch fits; None as soon as one is unknown. NULL fits any."""
    result: DeclaredType | None = None
    for branch in branches:
        if branch is None or isinstance(branch, exp.Null):
            continue
        kind = infer(branch, scope)
        result = wider(result, kind) if result is not None and kind is not None else kind
        if result is None:
            return None
    return result


def _literal(node: exp.Expr) -> DeclaredType | None:
    if isinstance(node, exp.National):
        return DeclaredType("nvarchar", max(len(node.this), 1))
    if node.is_string:
        return DeclaredType("varchar", max(len(node.this), 1))
    if node.is_int:
        return INT if abs(int(node.this)) < 2**31 else None
    before, _, after = node.this.partition(".")
    return DeclaredType("decimal", precision=len(before + after), scale=len(after)) if (before + after).isdecimal() else None


def _integer(left: DeclaredType | None, right: DeclaredType | None) -> DeclaredType | None:
    """Whole numbers stay whole numbers, also when divided."""
    return wider(left, right) if left and right and left.is_integer and right.is_integer else None


def _joined(left: DeclaredType | None, right: DeclaredType | None) -> DeclaredType | None:
    if left is None or right is None or not (left.is_text and right.is_text):
        return None
    name = "nvarchar" if "n" in {left.name[0], right.name[0]} else "varchar"
    most = 4000 if name == "nvarchar" else 8000
    return DeclaredType(name, None if left.length is None or right.length is None else min(left.length + right.length, most))


def check_collations(node: exp.Binary, scope: Scope) -> None:
    """Columns of two collations are compared only where COLLATE says by which [sql/t-sql/statements/collation-precedence-transact-sql]. Raises 468."""
    if node.find(exp.Collate):
        return
    names = []
    for side in (node.this, node.expression):
        kind = infer(side, scope)
        if kind is None or not kind.is_text or not side.find(exp.Column):
            return  # a literal or a variable takes the column's
        names.append(kind.collation or DEFAULT_COLLATION)
    if names[0].upper() != names[1].upper():
        raise collation_conflict(*names)
