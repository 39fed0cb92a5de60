"""Secrets are masked in every form in which a line may hold them."""

from __future__ import annotations

import io
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.secrets import Mask, MaskingFormatter, mask_logging, secret_values

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


@pytest.mark.parametrize("settings", [None, [], "text", {"api_key": None}, {"postgres": "not an object"}, {"accounts": {"token": "x"}}])
def test_settings_of_a_wrong_shape_are_no_failure(settings):
    assert secret_values(SCHEMA, settings) == set()


@given(st.text(min_size=4), st.text(), st.text())
def test_no_form_of_a_secret_survives(secret, before, after):
    mask = Mask([secret])
    for form in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], *_quoted(secret)):
        masked = mask(f"{before}|{form}|{after}")
        assert form not in masked.replace("***", "") or form in f"{before}|{after}|***"


def _quoted(secret: str) -> list[str]:
    try:
        return [quote(secret), quote(secret, safe=""), quote_plus(secret)]
    except UnicodeEncodeError:
        return []


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
