"""The stand-in's endpoints: `/me`, sessions in three shapes, users, segments, and the legacy data export.

Two answers that the documents leave open are ours: a uid or address that nobody has gives an empty list of sessions, and `limit` has no maximum
unless `max_sessions` sets one.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.fullstory import events, shapes
from sandbox.fullstory.access import Gate, Limits
from sandbox.fullstory.data import Account
from sandbox.http.messages import Answer
from sandbox.http.service import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.fullstory.data import Bundle, Session
    from sandbox.http.messages import Request

SESSIONS_LIMIT = 20  # the default of `limit` (the API contracts in https://github.com/fullstorydev/sekizui, read 2026-11-21)
USERS_A_PAGE = 10  # no parameter changes it (the API contracts in https://github.com/fullstorydev/sekizui, read 2026-11-21)
SEGMENTS_A_PAGE, MAX_SEGMENTS_A_PAGE = 20, 100  # the API contracts in https://github.com/fullstorydev/sekizui, read 2026-11-21
BUNDLES_A_LIST = 20  # the API contracts in https://github.com/fullstorydev/sekizui, read 2026-11-21
Row = TypeVar("Row")
BUNDLE_FORMS = ("gzip-file", "gzip-encoding", "json")


class FullstoryStand:
    """FullStory's server APIs over an Account of the given seed.

    Bundles take turns in `bundle_forms` (`shapes.bundle_file`); `redirect_bundles_to` is the address of a BundleStore that downloads are sent on to.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        account: Account | None = None,
        limits: Limits | None = None,
        bundle_forms: Sequence[str] = BUNDLE_FORMS,
        redirect_bundles_to: str = "",
        max_sessions: int | None = None,
    ) -> None:
        self.account = account or Account(seed=seed)
        self._gate = Gate(limits or Limits())
        self._forms, self._redirect, self._max_sessions = bundle_forms, redirect_bundles_to, max_sessions

    def routes(self) -> Sequence[Route]:
        """The service's endpoints; the older ones take their parameters in a JSON body as well."""
        sessions = self._sessions
        return [
            Route("GET", "/me", self._me),
            *(Route(method, "/api/v1/sessions", sessions(lambda rows: [shapes.session_v1(one) for one in rows])) for method in ("GET", "POST")),
            Route("GET", "/sessions/v2", sessions(lambda rows: {"sessions": [shapes.session_v2_legacy(one) for one in rows]})),
            Route("GET", "/v2/sessions", sessions(lambda rows: {"results": [shapes.session_v2(one) for one in rows]})),
            Route("GET", "/v2/users", self._users),
            Route("GET", "/v2/users/{id}", self._user),
            Route("GET", "/segments/v1", self._segments),
            *(Route(method, "/api/v1/export/list", self._bundles) for method in ("GET", "POST")),
            *(Route(method, "/api/v1/export/get", self._bundle) for method in ("GET", "POST")),
        ]

    def admit(self, request: Request) -> Answer | None:
        """401, 403 or 429, or None."""
        return self._gate.refusal(request)

    def unknown(self, request: Request) -> Answer:
        """404."""
        return _refused(404, f"no endpoint {request.method} {request.path}", "not_found")

    def change(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Add `users`, `sessions` and `bundles`, as many as the wish says, in this order; answers what was added."""
        if unknown := set(wish) - {"users", "sessions", "bundles"}:
            raise ValueError(f"cannot change {', '.join(sorted(unknown))}: users, sessions and bundles can be added")
        before = len(self.account.sessions)
        users = self.account.add_users(int(wish.get("users", 0)))
        self.account.add_sessions(int(wish.get("sessions", 0)))
        bundles = self.account.add_bundles(int(wish.get("bundles", 0)))
        return {
            "users": [shapes.user(one) for one in users],
            "sessions": [shapes.session_v2(one) for one in self.account.sessions[before:]],
            "bundles": [{**asdict(one), "events": len(self._rows(one))} for one in bundles],
        }

    def stored(self, query: Mapping[str, str]) -> Any:
        """`?what=users`, `sessions` (of all users, also those never identified), `events` (of all bundles), `bundles` or `segments`."""
        kinds: dict[str, Callable[[], Any]] = {
            "users": lambda: [shapes.user(one) for one in self.account.users],
            "sessions": lambda: [{**shapes.session_v2(one), "uid": one.user.uid, "email": one.user.email} for one in self.account.sessions],
            "events": lambda: [row for bundle in self.account.bundles for row in self._rows(bundle)],
            "segments": lambda: [shapes.segment(one) for one in self.account.segments],
            "bundles": lambda: [asdict(one) for one in self.account.bundles],
        }
        what = query.get("what", "sessions")
        if what not in kinds:
            raise ValueError(f"nothing is stored as {what}: ask for {', '.join(kinds)}")
        return kinds[what]()

    def _me(self, _request: Request) -> Answer:
        return Answer.of_json({"orgId": "SANDBOX", "email": "owner@example.com", "role": "ADMIN"})

    def _sessions(self, shape: Callable[[list[Session]], Any]) -> Callable[[Request], Answer]:
        def answer(request: Request) -> Answer:
            asked = parameters(request)
            uid, email, limit = asked.get("uid", ""), asked.get("email", ""), asked.get("limit", str(SESSIONS_LIMIT))
            if not uid and not email:
                return _refused(400, "uid or email is required", "invalid_argument")
            if not limit.isdecimal() or int(limit) < 1 or int(limit) > (self._max_sessions or int(limit)):
                return _refused(400, f"invalid limit: {limit}", "invalid_argument")
            # Both together give the union (https://help.fullstory.com/hc/en-us/articles/360020828893, read 2026-11-21).
            found = self.account.sessions_of(self.account.users_named(uid, email))
            return Answer.of_json(shape(found[: int(limit)]))

        return answer

    def _users(self, request: Request) -> Answer:
        asked = request.query
        found = [
            user
            for user in self.account.users
            if all(not asked.get(name) or getattr(user, name) == asked[name] for name in ("uid", "email", "display_name"))
        ]
        try:
            page, more = _page(found, asked.get("page_token", ""), USERS_A_PAGE)
        except ValueError:
            return _refused(400, "invalid page_token", "invalid_argument")
        return Answer.of_json({"results": [shapes.user(one) for one in page], "total_records": str(len(found)), "next_page_token": more})

    def _segments(self, request: Request) -> Answer:
        limit = request.query.get("limit", str(SEGMENTS_A_PAGE))
        if not limit.isdecimal() or not 1 <= int(limit) <= MAX_SEGMENTS_A_PAGE:
            return _refused(400, f"invalid limit: {limit}", "invalid_argument")
        try:
            page, more = _page(self.account.segments, request.query.get("paginationToken", ""), int(limit))
        except ValueError:
            return _refused(400, "invalid paginationToken", "invalid_argument")
        return Answer.of_json({"segments": [shapes.segment(one) for one in page], "nextPaginationToken": more})

    def _user(self, _request: Request, id: str) -> Answer:  # noqa: A002 - the segment's name in the service's path
        for user in self.account.users:
            if str(user.id) == id:
                return Answer.of_json(shapes.user(user))
        return _refused(404, "User with that ID does not exist", "user_not_found")

    def _bundles(self, request: Request) -> Answer:
        start = parameters(request).get("start", "")
        if not start.isdecimal():
            return _refused(400, "start is required, in seconds since 1970", "invalid_argument")
        later = [bundle for bundle in self.account.bundles if bundle.stop_s > int(start)]
        return Answer.of_json({"exports": [shapes.bundle_line(bundle) for bundle in later[:BUNDLES_A_LIST]]})

    def _bundle(self, request: Request) -> Answer:
        asked = parameters(request).get("id", "")
        for index, bundle in enumerate(self.account.bundles):
            if str(bundle.id) == asked:
                if self._redirect:
                    return Answer(302, b"", {"Location": f"{self._redirect}/{bundle.id}"})
                return shapes.bundle_file(self._forms[index % len(self._forms)], self._rows(bundle), str(bundle.id))
        return _refused(404, f"no export with id {asked}", "not_found")

    def _rows(self, bundle: Bundle) -> list[dict[str, Any]]:
        return events.rows_between(self.account, bundle.start_s, bundle.stop_s)


def parameters(request: Request) -> dict[str, str]:
    """The parameters of the query and, of a POST, of its JSON body."""
    body = json.loads(request.body) if request.method == "POST" and request.body else {}
    return {**request.query, **{name: str(value) for name, value in body.items()}}


def _page(rows: Sequence[Row], token: str, size: int) -> tuple[Sequence[Row], str]:
    """The page that the token names, and the next page's token. Raises ValueError for a token that was never handed out."""
    start = int(base64.urlsafe_b64decode(token).decode().removeprefix("from ")) if token else 0
    end = start + size
    return rows[start:end], base64.urlsafe_b64encode(f"from {end}".encode()).decode() if end < len(rows) else ""


def _refused(status: int, message: str, code: str) -> Answer:
    return Answer.of_json({"message": message, "code": code}, status)
