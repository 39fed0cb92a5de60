"""What a user reads of settings that are missing, wrong, unknown or unreadable: all at once, each with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.misfits import Misfit, address_misfits, file_misfits, is_address
from singer_commons.settings_problems import settings_problems, unknown_settings
from singer_commons.settings_sources import parsed, read_sources
from singer_sdk import typing as th

SECRET = "canary-77ab01"
SCHEMA = th.PropertiesList(
    th.Property("api_key", th.StringType(min_length=1), required=True, secret=True),
    th.Property("rows", th.IntegerType(minimum=1, maximum=9)),
    th.Property("share", th.NumberType(minimum=0)),
    th.Property("mode", th.StringType(allowed_values=["fast", "safe"])),
    th.Property("dry_run", th.BooleanType),
    th.Property("names", th.ArrayType(th.StringType)),
    th.Property("server", th.ObjectType(th.Property("port", th.IntegerType, default=1), th.Property("password", th.StringType, secret=True))),
    th.Property(
        "models", th.ArrayType(th.ObjectType(th.Property("name", th.StringType, required=True), additional_properties=False))
    ),
).to_dict()  # fmt: skip


@pytest.fixture
def problems(tmp_path, monkeypatch):
    """Judge settings of files (in that order) and, if some are given, of variables."""
    monkeypatch.chdir(tmp_path)

    def judge(*files, environment=None, judge=settings_problems):
        for name, text in (environment or {}).items():
            monkeypatch.setenv(name, text)
        for number, settings in enumerate(files):
            (tmp_path / f"{number}.json").write_text(json.dumps(settings))
        named = [f"{number}.json" for number in range(len(files))]
        return judge(SCHEMA, read_sources("tap-x", SCHEMA, [*named, *(["ENV"] if environment is not None else [])]))

    return judge


def test_all_problems_come_at_once_each_with_setting_place_expected_and_found(problems):
    found = problems(
        {"api_key": [SECRET], "rows": "many", "mode": "fats", "dry_run": "yes", "models": [{"name": 3}, {"nmae": "a"}], "server": {"port": True}}
    )
    assert found == [
        "`api_key` in 0.json: expected string, found array",
        '`dry_run` in 0.json: expected boolean, found string "yes"',
        '`mode` in 0.json: expected one of fast, safe, found string "fats"',
        "`models.0.name` in 0.json: expected string, found integer 3",
        "`models.1.name` is missing: expected string; looked in 0.json",
        "`models.1` in 0.json: unknown entry `nmae`; did you mean `name`?",
        '`rows` in 0.json: expected integer, found string "many"',
        "`server.port` in 0.json: expected integer, found boolean true",
    ]


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("rows", 0, "expected at least 1, found integer 0"),
        ("rows", 10, "expected at most 9, found integer 10"),
        ("rows", 1.5, "expected integer, found number 1.5"),
        ("share", -0.5, "expected at least 0, found number -0.5"),
        ("api_key", "", "expected at least 1 character, found string"),
        ("api_key", None, "expected string, found null"),
        ("names", {"a": 1}, "expected array, found object"),
        ("server", [{"port": 1}], "expected object, found array"),
        ("server", f"db://me:{SECRET}@host", "expected object, found string"),
        ("mode", "x" * 90, f'expected one of fast, safe, found string "{"x" * 59} ...'),
    ],
)
def test_a_limit_that_is_broken_is_named(problems, setting, value, reason):
    assert problems({"api_key": SECRET, setting: value}) == [f"`{setting}` in 0.json: {reason}"]


def test_a_missing_setting_says_where_it_was_looked_for(problems, monkeypatch):
    missing = "`api_key` is missing: expected string; "
    assert problems() == [missing + "no `--config` was given"]
    assert problems({}, {}) == [missing + "looked in 0.json, 1.json"]
    assert problems({"api_kye": "k"}) == [missing + "looked in 0.json (`api_kye` is there: misspelt?)"]
    monkeypatch.setenv("TAP_X_API_KEY", SECRET)
    assert problems({}) == [missing + "looked in 0.json (TAP_X_API_KEY is set, but is read only with `--config ENV`)"]
    monkeypatch.delenv("TAP_X_API_KEY")
    assert problems({}, environment={}) == [missing + "looked in 0.json, TAP_X_API_KEY"]


def test_of_several_files_the_later_wins_and_is_the_one_named(problems):
    assert problems({"api_key": SECRET, "rows": "a"}, {"rows": "b"}) == ['`rows` in 1.json: expected integer, found string "b"']
    assert problems({"api_key": SECRET, "rows": "a"}, {"rows": 2}) == []


def test_a_variable_wins_over_files_and_is_named(problems):
    assert problems({"api_key": SECRET, "rows": 3}, environment={"TAP_X_ROWS": "99"}) == [
        "`rows` from TAP_X_ROWS: expected at most 9, found integer 99"
    ]


def test_a_line_of_a_dotenv_file_counts_below_a_variable(problems, tmp_path):
    (tmp_path / ".env").write_text("TAP_X_API_KEY=k\nTAP_X_ROWS=50\nTAP_X_SHARE=-1\n")
    assert problems(environment={"TAP_X_ROWS": "0"}) == [
        "`rows` from TAP_X_ROWS: expected at least 1, found integer 0",
        f"`share` from TAP_X_SHARE in {tmp_path}/.env: expected at least 0, found integer -1",
    ]


def test_variables_that_cannot_be_read_are_all_named_and_no_secret_is_quoted(problems):
    wrong = {"ROWS": "abc", "DRY_RUN": "perhaps", "SERVER": f'{{"password": "{SECRET}"', "MODELS": "a,b", "SHARE": "1,5"}
    found = problems({"api_key": SECRET}, environment={f"TAP_X_{name}": text for name, text in wrong.items()})
    assert found == [
        "`rows` from TAP_X_ROWS: expected integer, found text 'abc'",
        "`share` from TAP_X_SHARE: expected number, found text '1,5'",
        "`dry_run` from TAP_X_DRY_RUN: expected boolean (true or false), found text 'perhaps'",
        "`server` from TAP_X_SERVER: expected object, found text that is not JSON: Expecting ',' delimiter: line 1 column 29 (char 28)",
        "`models` from TAP_X_MODELS: expected array, which is JSON and begins with [",
    ]


def test_variables_become_values_of_their_settings_types(monkeypatch):
    texts = {"API_KEY": "12", "ROWS": "3", "SHARE": "0.5", "DRY_RUN": "No", "NAMES": "a,b", "SERVER": '{"port": 1}', "MODELS": '[{"name": "m"}]'}
    for name, text in texts.items():
        monkeypatch.setenv(f"TAP_X_{name}", text)
    assert read_sources("tap-x", SCHEMA, ["ENV"]).values == {
        "api_key": "12", "rows": 3, "share": 0.5, "dry_run": False, "names": ["a", "b"], "server": {"port": 1}, "models": [{"name": "m"}],
    }  # fmt: skip


def test_unknown_settings_are_told_with_the_nearest_known_one(problems):
    assert problems({"api_key": SECRET, "row": 1, "zzz": SECRET}, judge=unknown_settings) == [
        "unknown setting `row` in 0.json; did you mean `rows`?",
        "unknown setting `zzz` in 0.json",
    ]


def test_unknown_settings_inside_others_are_told_by_their_place_and_open_objects_take_all(problems):
    nested = {"api_key": SECRET, "server": {"prot": 1, "port": 2}, "models": [{"name": "a"}, {"name": "b", "colour": 1}], "names": ["x"]}
    assert problems(nested, judge=unknown_settings) == ["unknown setting `server.prot` in 0.json; did you mean `port`?"]  # the model's is a problem
    assert problems(nested) == ["`models.1` in 0.json: unknown entry `colour`"]
    deep = {"type": "object", "properties": {
        "rules": {"type": "object", "additionalProperties": {"type": "object", "properties": {"name": {}, "parts": {"items": {"properties": {"place": {}}}}}}},
        "open": {"type": "object"},
    }}  # fmt: skip
    sources = read_sources("tap-x", deep, [])
    for name, value in {"rules": {"any": {"nmae": 1, "parts": [{"place": 1}, {"plaec": 2}]}}, "open": {"b": 1}}.items():
        sources.take(name, value, "in f.json")
    assert unknown_settings(deep, sources) == [
        "unknown setting `rules.any.nmae` in f.json; did you mean `name`?",
        "unknown setting `rules.any.parts.1.plaec` in f.json; did you mean `place`?",
    ]


@given(
    settings=st.dictionaries(
        st.sampled_from(list(SCHEMA["properties"])),
        st.recursive(
            st.integers() | st.just(SECRET), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["port", "name", "prot", "x"]), inner)
        ),
    )
)
def test_whatever_is_unknown_is_told_without_values(settings):
    sources = read_sources("tap-x", SCHEMA, [])
    for name, value in settings.items():
        sources.take(name, value, "in f.json")
    assert [one for one in unknown_settings(SCHEMA, sources) if SECRET in one] == []


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))  # fmt: skip


@given(settings=st.dictionaries(st.sampled_from(list(SCHEMA["properties"])), JSON), key=st.sampled_from([SECRET, [SECRET], {"a": SECRET}]))
def test_whatever_is_wrong_can_be_said_without_the_secret(settings, key):
    sources = read_sources("tap-x", SCHEMA, [])
    for name, value in {**settings, "api_key": key, "server": {"password": [key]}}.items():
        sources.take(name, value, "in f.json")
    assert [one for one in settings_problems(SCHEMA, sources) if SECRET in one] == []


@given(st.integers())
def test_any_integer_survives_the_environment(number):
    assert parsed(str(number), SCHEMA["properties"]["rows"]) == number


def judged(settings):
    """A plugin's own look at its settings: two that go together, and the entries of two containers."""
    if settings.get("rows", 0) > 5 and settings["share"] == 0.5:
        yield Misfit(("rows", "share"), "expected less of one, found too much of both")
    if not settings.get("mode"):
        yield Misfit(("mode", "dry_run"), "expected one of the two, found neither")
    for model in settings.get("models", ()):
        yield Misfit(("models",), f"model {model['name']} is not wanted")


def test_what_does_not_fit_together_is_told_with_all_the_rest_each_with_its_place(problems):
    def judge(schema, sources):
        schema = {**schema, "properties": {**schema["properties"], "share": {"type": "number", "default": 0.5}}}
        return settings_problems(schema, sources, judged)

    assert problems({"names": 3}, {"rows": 9, "models": [{"name": "a"}, {"nmae": "b"}, {"name": "c"}]}, judge=judge) == [
        "`api_key` is missing: expected string; looked in 0.json, 1.json",
        "`models.1.name` is missing: expected string; looked in 1.json",
        "`models.1` in 1.json: unknown entry `nmae`; did you mean `name`?",
        "`names` in 0.json: expected array, found integer 3",
        "`rows` in 1.json and `share` (by default 0.5): expected less of one, found too much of both",
        "`mode` and `dry_run`: expected one of the two, found neither; looked in 0.json, 1.json",
        "`models` in 1.json: model a is not wanted",
        "`models` in 1.json: model c is not wanted",
    ]


def test_of_what_is_wrong_by_itself_nothing_more_is_said(problems):
    def judge(schema, sources):
        return settings_problems(schema, sources, judged)

    assert problems({"api_key": SECRET, "mode": "fats", "models": 3}, environment={"TAP_X_ROWS": "many", "TAP_X_SHARE": "0.5"}, judge=judge) == [
        "`rows` from TAP_X_ROWS: expected integer, found text 'many'",
        '`mode` in 0.json: expected one of fast, safe, found string "fats"',
        "`models` in 0.json: expected array, found integer 3",
    ]


def test_where_settings_may_be_missing_what_needs_them_is_not_judged(problems):
    def judge(schema, sources):
        return settings_problems(schema, sources, judged, may_lack=True)

    assert problems({}, judge=judge) == []
    assert problems({"models": [{"name": "a"}]}, judge=judge) == ["`models` in 0.json: model a is not wanted"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{folder}", "found {folder}, which is a directory"),
        ("{folder}/0.json/deep/x", "found {folder}/0.json/deep/x, but {folder}/0.json is no directory"),
        ("{folder}/" + "n" * 300, "found {folder}/" + "n" * 300 + ", which cannot be looked at: File name too long"),
        ("{folder}/a\0b", "found {folder}/a\0b, which holds a NUL character"),
        ("{folder}/new/folder/x", None),
        ("{folder}/0.json", None),
        (None, None),
    ],
)
def test_a_file_that_cannot_be_written_is_named_and_nothing_is_made(tmp_path, path, found):
    (tmp_path / "0.json").touch()
    named = path and path.format(folder=tmp_path)
    expected = [] if found is None else [f"`log`: expected the path of a file that can be written to, {found.format(folder=tmp_path)}"]
    assert [str(one) for one in file_misfits({"log": named}, "log", "other")] == expected
    assert [one.name for one in tmp_path.iterdir()] == ["0.json"]


@pytest.mark.parametrize("text", ["https://a", "http://127.0.0.1:8080/v1", "HTTPS://user:pw@host.example/x", "https://[::1]:1"])
def test_an_address_is_one(text):
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["", "a.example", "ftp://a", "https://", "https://a?b", "https://a#b", "https://a:port", "https://[::1", "https://a:0"]
)
def test_an_address_is_none(text):
    assert not is_address(text)
    assert [str(one) for one in address_misfits({"url": text}, "url", example="https://b")] == (
        [f'`url`: expected an address such as https://b, found "{text}"'] if text else []
    )
