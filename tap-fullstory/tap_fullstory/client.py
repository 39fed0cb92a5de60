"""Requests to FullStory: where they go, what they carry, and what is made of the answers."""

from __future__ import annotations

import json
import logging
import re
import time
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any, cast

import requests
import urllib3
from singer_commons.errors import RejectedError, UnreachableError
from singer_commons.http import HttpClient, Pacer, RetryPolicy

from tap_fullstory.bundle_file import BrokenFileError, plain_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

KEY_REGION = re.compile(r"^([a-z]{2}[0-9]+)\.")  # `na1.`, `eu1.`: https://github.com/fullstorydev/fullstory-anywhere-activation, read 2026-11-21
HOME_REGION = "na1"
# Where the oldest APIs are documented to be; other regions and `base_url` have one host for all.
OLD_HOSTS = {"/api/v1/sessions": "https://www.fullstory.com", "/api/v1/export/": "https://export.fullstory.com"}
CHUNK_BYTES = 1 << 18
SEGMENTS_A_PAGE = 100  # the most that `limit` takes (the API contracts in https://github.com/fullstorydev/sekizui, read 2026-11-21)


class FullstoryClient:
    """One account, by its key. Errors are those of `singer_commons.errors`."""

    def __init__(
        self,
        key: str,
        *,
        base_url: str | None = None,
        user_agent: str = "tap-fullstory",
        requests_per_second: float | None = None,
        timeout_s: float = 300.0,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key, self._base_url = key, base_url.rstrip("/") if base_url else None
        self._policy, self._sleep = policy or RetryPolicy(), sleep
        self.http = HttpClient(
            "FullStory",
            # The raw key: FullStory's Basic is not the base64 of a user and a password (`specs/` of
            # https://github.com/fullstorydev/fullstory-node-sdk, read 2026-11-21).
            headers={"Authorization": f"Basic {key}", "Accept-Encoding": "gzip", "User-Agent": user_agent},
            pacer=Pacer(requests_per_second),
            policy=self._policy,
            timeout_s=(min(timeout_s, 10.0), timeout_s),
            sleep=sleep,
            key_hint="check `api_key`: users and events take an Architect or Admin key, sessions any; keys are under Settings, Integrations, API Keys",
        )
        self.server_time = datetime.fromtimestamp(0, UTC)

    def address(self, path: str) -> str:
        """The whole address of a path of the API."""
        if self._base_url:
            return self._base_url + path
        named = KEY_REGION.match(self._key)
        region = named.group(1) if named else HOME_REGION
        if region != HOME_REGION:
            return f"https://api.{region}.fullstory.com{path}"
        return next((host for start, host in OLD_HOSTS.items() if path.startswith(start)), "https://api.fullstory.com") + path

    def get(self, path: str, **parameters: str | int) -> Any:
        """The answer's JSON, decimals exact. `server_time` is then the service's clock at that answer."""
        answer = self.http.request("GET", self.address(path), params=parameters)
        self.server_time = _date_of(answer)
        try:
            return json.loads(answer.content, parse_float=Decimal)
        except ValueError as error:
            raise RejectedError(
                f"FullStory answered GET {path} with what is not JSON: {error}", status=answer.status_code, body=answer.text
            ) from error

    def organisation(self) -> str:
        """The account's id, which shows that the key is good."""
        return str(self.me().get("orgId", ""))

    def me(self) -> dict[str, Any]:
        """What FullStory says of the key: its account (`orgId`), its owner (`email`) and, where it says so, its `role`."""
        me = self.get("/me")
        return me if isinstance(me, dict) else {}

    def users(self) -> Iterator[dict[str, Any]]:
        """All users, page by page."""
        rows, page = 0, dict[str, Any]()
        for page in self._pages("/v2/users", "page_token", "next_page_token"):
            found = page.get("results") or []
            rows += len(found)
            yield from found
        if str(page.get("total_records", rows)) != str(rows):
            logger.warning("FullStory counts %s users and listed %d: users were added or deleted meanwhile", page["total_records"], rows)

    def segments(self) -> Iterator[dict[str, Any]]:
        """All segments, page by page."""
        for page in self._pages("/segments/v1", "paginationToken", "nextPaginationToken", limit=SEGMENTS_A_PAGE):
            yield from page.get("segments") or []

    def download(self, path: str, into: IO[bytes], **parameters: str | int) -> None:
        """Write a file, unpacked and found whole, into an empty temporary file; try again while it arrives broken."""
        for tries in range(1, self._policy.max_tries + 1):
            try:
                answer = self.http.request("GET", self.address(path), params=parameters, stream=True)
                with answer:
                    # The raw bytes: urllib3 unpacks a gzip that was cut off without saying a word.
                    chunks = cast("Iterator[bytes]", answer.raw.stream(CHUNK_BYTES, decode_content=False))
                    plain_file(chunks, into)
            except (BrokenFileError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if tries == self._policy.max_tries:
                    raise UnreachableError(f"FullStory's file of {path} arrived broken {tries} times: {error}", hint="run again later") from error
                logger.debug("The file of %s arrived broken (%s); trying again", path, error)
                self._sleep(self._policy.wait_s(tries, error))
            else:
                return

    def _pages(self, path: str, parameter: str, next_name: str, **parameters: str | int) -> Iterator[dict[str, Any]]:
        token, given = "", set[str]()
        while True:
            page = self.get(path, **parameters, **({parameter: token} if token else {}))
            yield page
            token = page.get(next_name) or ""
            if not token:
                return
            if token in given:
                raise RejectedError(f"FullStory's list at {path} runs in a circle: a {parameter} came twice", status=200)
            given.add(token)


def _date_of(answer: requests.Response) -> datetime:
    try:
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)
