"""Secrets are masked in every form in which a line may hold them."""

from __future__ import annotations

import html
import io
import json
import logging
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from singer_commons.secret_forms import secret_forms
from singer_commons.secrets import Mask, MaskingFormatter, excerpt, mask_logging, secret_values, use_mask

SCHEMA = {
    "properties": {
        "api_key": {"type": "string", "secret": True},
        "port": {"type": "integer"},
        "pin": {"type": "integer", "secret": True},
        "postgres": {"type": "object", "properties": {"password": {"type": "string", "secret": True}, "host": {"type": "string"}}},
        "accounts": {"type": "array", "items": {"type": "object", "properties": {"token": {"secret": True}}}},
        "headers": {"type": "object", "additionalProperties": {"type": "string", "secret": True}},
    },
}


def test_secrets_are_found_at_any_depth_and_of_any_type():
    settings = {
        "api_key": 12345678,
        "port": 1433,
        "pin": True,
        "postgres": {"password": "pass-one", "host": "db"},
        "accounts": [{"token": "token-one"}, {"token": ["token-two"]}],
        "headers": {"X-Key": "header-one"},
    }
    assert secret_values(SCHEMA, settings) == {"12345678", "pass-one", "token-one", "token-two", "header-one"}


def test_a_text_in_the_place_of_parts_with_a_secret_is_one():
    assert secret_values(SCHEMA, {"postgres": "db://me:pass-one@db", "port": "not-one"}) == {"db://me:pass-one@db"}


@pytest.mark.parametrize("settings", [None, [], {"api_key": None}, {"accounts": {"token": "x"}}])
def test_settings_of_a_wrong_shape_are_no_failure(settings):
    assert secret_values(SCHEMA, settings) == set()


def as_gson(text):
    """As .NET, Go and Gson escape: what HTML could misread stands as its code."""
    return "".join(char if char.isascii() and char.isalnum() else "".join(f"\\u{unit:04X}" for unit in _units(char)) for char in text)


def _units(char):
    raw = char.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[place : place + 2], "big") for place in range(0, len(raw), 2)]


def lower_hex(text):
    return re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), quote(text, safe=""))


FORMS = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with Unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON with codes": as_gson,
    "URL": quote,
    "URL part": lambda text: quote(text, safe=""),
    "URL in small letters": lower_hex,
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "repr": lambda text: repr(text)[1:-1],
    "bytes": lambda text: repr(text.encode())[2:-1],
    "HTML": html.escape,
    "HTML in JSON": lambda text: json.dumps(html.escape(text))[1:-1],
    "joined lines": lambda text: " ".join(text.split()),
    "stripped": str.strip,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(
    secret=st.text(min_size=4).filter(lambda text: len(text.strip()) >= 4),
    before=st.sampled_from(["", "key=", '"']),
    after=st.sampled_from(["", "&", '"']),
)
@example(secret='a/+ "q"&=<\'\\\\>', before="", after="")
@example(secret=" \tkey with\nlines\x85and \u2029 \U0001f600 ", before="", after="")
def test_no_form_of_a_secret_survives(form, secret, before, after):
    try:
        written = form(secret)
    except UnicodeEncodeError:  # half of a surrogate pair has no such form
        return
    masked = Mask([secret])(f"{before}{written}{after}")
    assert masked.replace("***", "").strip() in {f"{before}{after}".strip(), before + after.replace('"', ""), before.replace('"', "") + after}


@given(st.text(min_size=4).filter(str.strip), st.text(st.characters(exclude_characters="?&;:")))
def test_text_without_the_secret_stays_as_it_is(secret, text):
    assume(not re.search(secret_forms(secret.strip()), text))
    assert Mask([secret])(text) == text


def test_an_excerpt_is_masked_before_it_is_cut():
    use_mask(Mask(["hunter-two"]))
    try:
        assert [excerpt("a key: hunter-two, no other", most) for most in (9, 10, 12, 99)] == [
            "a key: ** ...",
            "a key: *** ...",
            "a key: ***, ...",
            "a key: ***, no other",
        ]
    finally:
        use_mask(Mask())


def test_many_backslashes_take_no_time():
    assert Mask(["\\\\-\\-\\\\-x"])("\\" * 20_000 + "-" * 20_000).startswith("\\")


def test_a_longer_secret_is_not_broken_up_by_a_shorter_one():
    assert Mask(["abcd", "abcdefgh"])("x abcdefgh y abcd") == "x *** y ***"


def test_short_values_do_not_blot_out_words():
    assert Mask(["abc"])("abc is a word") == "abc is a word"


def test_the_signature_of_a_shared_access_signature_is_masked_without_being_a_setting():
    url = "https://acct.blob.example/c/f.gz?sv=2024&sp=rl&sig=a%2Fb%3D&se=2026"
    assert Mask()(f"GET '{url}' failed") == "GET 'https://acct.blob.example/c/f.gz?sv=2024&sp=rl&sig=***&se=2026' failed"


def test_the_finished_line_is_masked_exception_and_arguments_included():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(MaskingFormatter(logging.Formatter("%(levelname)s %(message)s"), Mask(["hunter-two"])))
    logger = logging.getLogger("made for this test")
    logger.addHandler(handler)
    try:
        raise ValueError("hunter-two was refused")
    except ValueError:
        logger.exception("password %s", "hunter-two")
    text = stream.getvalue()
    assert text.startswith("ERROR password ***\nTraceback")
    assert "hunter-two" not in text
    assert "ValueError: *** was refused" in text


def test_handlers_that_are_installed_are_wrapped_once():
    handler = logging.StreamHandler(io.StringIO())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        mask_logging(Mask(["hunter-two"]))
        wrapped = handler.formatter
        mask_logging(Mask(["hunter-two"]))
        assert isinstance(wrapped, MaskingFormatter)
        assert handler.formatter is wrapped
    finally:
        root.removeHandler(handler)
        for each in root.handlers:
            if isinstance(each.formatter, MaskingFormatter):
                each.setFormatter(each.formatter._inner)
