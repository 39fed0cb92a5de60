"""The endpoints: `sandbox.http.service.Stand` over an account.

Endpoints and envelopes: Torchlite/autopilot-api `index.js`, singer-io/tap-autopilot 0.3.0, n8n-io/n8n `nodes/Autopilot`. Errors and the
rate: the API blueprint of 2015 (autopilotdev.github.io `_api_docs/apiary.md`). All read 2026-11-21.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from sandbox.autopilot import data
from sandbox.autopilot.account import Account
from sandbox.autopilot.odd_answers import OddAnswers
from sandbox.http.limits import RateLimit
from sandbox.http.messages import Answer
from sandbox.http.service import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.autopilot.data import Figures
    from sandbox.http.messages import Request

PREFIX = "/v1"
API_KEY = "sandbox-autopilot-key"
REQUESTS_PER_SECOND = 5  # "You have exceeded your request rate of 5 r/s.": the blueprint's own example


class AutopilotStand:
    """One account behind its REST API. `requests_per_second` None lets any number in."""

    def __init__(
        self,
        seed: int = 1,
        customers: Sequence[Figures] | None = None,
        *,
        api_key: str = API_KEY,
        requests_per_second: int | None = REQUESTS_PER_SECOND,
    ) -> None:
        self.account = Account(seed, customers)
        self.odd_answers = OddAnswers()
        self._seed, self._customers = seed, data.made_up_customers(seed) if customers is None else customers
        self._api_key = api_key
        self._rate = requests_per_second
        self._limit = RateLimit(requests_per_second, 1.0) if requests_per_second else None

    def routes(self) -> Sequence[Route]:
        """The GET endpoints; literal paths stand before those with a bookmark in their place."""
        gets = (
            ("/contacts", self._contacts),
            ("/contacts/custom_fields", lambda _: Answer.of_json(data.CUSTOM_FIELDS)),
            ("/contacts/{bookmark}", self._contacts),
            ("/contact/{id_or_email}", self._contact),
            ("/lists", lambda _: Answer.of_json({"lists": self.account.lists})),
            ("/list/{list_id}/contacts", self._members),
            ("/list/{list_id}/contacts/{bookmark}", self._members),
            ("/list/{list_id}/contact/{id_or_email}", self._membership),
            ("/smart_segments", lambda _: Answer.of_json({"segments": self.account.segments})),
            ("/smart_segments/{list_id}/contacts", self._members),
            ("/smart_segments/{list_id}/contacts/{bookmark}", self._members),
            ("/triggers", lambda _: Answer.of_json({"triggers": data.TRIGGERS})),
            ("/hooks", lambda _: Answer.of_json({"hooks": data.HOOKS})),
            ("/account", lambda _: Answer.of_json(data.ACCOUNT)),
        )
        return [Route("GET", PREFIX + path, self._maybe_odd(answer)) for path, answer in gets]

    def _maybe_odd(self, answer: Callable[..., Answer]) -> Callable[..., Answer]:
        return lambda request, **named: self.odd_answers.in_place_of(request, answer(request, **named))

    def admit(self, request: Request) -> Answer | None:
        """A missing key is a 400, a wrong one a 401; then the rate counts."""
        key = request.headers.get("autopilotapikey", "")
        if not key:
            return _error(400, "Bad Request", "No autopilotapikey header provided.")
        if key != self._api_key:
            return _error(401, "Unauthorized", "Provided autopilotapikey not valid.")
        if self._limit is not None and self._limit.wait_s() > 0:
            return _error(429, "Too Many Requests", f"You have exceeded your request rate of {self._rate} r/s.")  # no Retry-After is documented
        return None

    def unknown(self, request: Request) -> Answer:
        """No source shows the body of this 404."""
        return _error(404, "Not Found", f"{request.method} {unquote(request.path)} is not an endpoint.")

    def change(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Change the account, stamped now; answers the ids of what was changed. Wishes may stand together.

        `{"update": n, "add": n, "delete": n, "relist": n}`: so many contacts; `relist` moves no stamp.
        `{"customers": n}`: the account begins anew, with the first n of its customers.
        `{"delete_list": id}`: a list is gone, though contacts may still name it.
        `{"odd": name, "times": n}`: the next n fitting answers are odd (`sandbox.autopilot.odd_answers`).
        """
        wish = dict(wish)
        if (count := wish.pop("customers", None)) is not None:
            self.account = Account(self._seed, self._customers[: int(count)])
        if (list_id := wish.pop("delete_list", None)) is not None:
            self.account.delete_list(list_id)
        times = int(wish.pop("times", 1))
        if (name := wish.pop("odd", None)) is not None:
            self.odd_answers.plan(name, times)
        return self.account.change(wish)

    def stored(self, query: Mapping[str, str]) -> Any:
        """`?what=contacts` (the default), `lists`, `smart_segments`, `lists_contacts` or `smart_segments_contacts`, whole."""
        what = query.get("what", "contacts")
        account = self.account
        pairs = {"lists_contacts": ("list_id", account.lists), "smart_segments_contacts": ("segment_id", account.segments)}
        if what in pairs:
            key, owners = pairs[what]
            return [{key: one[key], "contact_id": who} for one in owners for who in account.members(one[key]) or ()]
        plain: dict[str, Any] = {"contacts": account.contacts(), "lists": account.lists, "smart_segments": account.segments}
        if what not in plain:
            raise ValueError(f"nothing is stored as {what}; there are {', '.join([*plain, *pairs])}")
        return plain[what]

    def _contacts(self, _request: Request, bookmark: str = "") -> Answer:
        if bookmark and not bookmark.startswith("person_"):
            return _error(400, "Bad Request", "Invalid bookmark value provided.")
        return _page(*self.account.page(bookmark))

    def _contact(self, _request: Request, id_or_email: str) -> Answer:
        if "@" not in id_or_email and not id_or_email.startswith("person_"):
            return _error(400, "Bad Request", "Invalid contact_id_or_email value provided.")
        contact = self.account.find(id_or_email)
        return Answer.of_json(contact) if contact else _error(404, "Not Found", "Contact could not be found.")

    def _members(self, _request: Request, list_id: str, bookmark: str = "") -> Answer:
        members = self.account.members(list_id)
        if members is None:
            return Answer(404)  # without a body: zonneplan/php-autopilothq, "functionality isn't consistent here"
        return _page(*self.account.page(bookmark, members))

    def _membership(self, _request: Request, list_id: str, id_or_email: str) -> Answer:
        contact = self.account.find(id_or_email)
        member = contact is not None and contact["contact_id"] in (self.account.members(list_id) or ())
        return Answer.of_json({}) if member else _error(404, "Not Found", "")  # an empty message says: not a member


def _page(contacts: Sequence[Mapping[str, Any]], bookmark: str | None, total: int) -> Answer:
    body: dict[str, Any] = {"contacts": contacts, "total_contacts": total}
    if bookmark is not None:  # the last page has no such key, not a null
        body["bookmark"] = bookmark
    return Answer.of_json(body)


def _error(status: int, error: str, message: str) -> Answer:
    return Answer.of_json({"error": error, "message": message}, status)
