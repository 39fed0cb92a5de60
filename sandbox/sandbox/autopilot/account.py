"""One account that lives: what it holds now, in the order the service keeps it, and how it changes."""

from __future__ import annotations

import bisect
import threading
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.autopilot import data

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sandbox.autopilot.data import Contact, Figures

WISHES = ("update", "add", "delete", "relist")
PAGE_ROWS = 100  # fixed by the service: singer-io/tap-autopilot 0.3.0, `PER_PAGE`
DELETED_ROWS = 199  # side by side in the index, so that one page of 100 is empty wherever pages begin


class Account:
    """Contacts by id in ascending order, with deleted rows left in the index.

    That pages run over ids is read from recorded answers: contacts come ascending, and a bookmark is the id of the last one. That a page
    can be empty and still name a bookmark is not confirmed by a source; a client must be ready for it, so it is here.
    """

    def __init__(self, seed: int, customers: Sequence[Figures] | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        people = data.made_up_customers(seed) if customers is None else customers
        self._seed, self._now = seed, now
        self._lock = threading.RLock()
        self._contacts = {one["contact_id"]: one for one in data.contacts(seed, people)}
        deleted = [f"person_80000000-0000-4000-8000-{number:012}" for number in range(DELETED_ROWS)]
        self._index = sorted([*self._contacts, *deleted])
        self._segments = {one["contact_id"]: data.segments_of(who) for one, who in zip(self._contacts.values(), people, strict=True)}
        self._last_number = max((one.number for one in people), default=0)
        self._changes = 0
        self.lists = list(data.LISTS)
        self.segments = list(data.SEGMENTS)

    def page(self, after: str, members: Collection[str] | None = None) -> tuple[list[Contact], str | None, int]:
        """Contacts behind the id `after`, of `members` if given; the bookmark, if more follow; how many there are in all."""
        with self._lock:
            index = self._index if members is None else sorted(members)
            start = bisect.bisect_right(index, after)
            rows = index[start : start + PAGE_ROWS]
            more = start + PAGE_ROWS < len(index)
            total = len(self._contacts) if members is None else len(index)
            return [self._contacts[one] for one in rows if one in self._contacts], rows[-1] if more else None, total

    def members(self, list_id: str) -> list[str] | None:
        """Ids of the contacts on a list or in a smart segment, ascending; None if there is no such one."""
        with self._lock:
            if any(one["list_id"] == list_id for one in self.lists):
                return [one for one in self._index if list_id in self._contacts.get(one, {}).get("lists", ())]
            if any(one["segment_id"] == list_id for one in self.segments):
                return [one for one in self._index if one in self._contacts and list_id in self._segments.get(one, ())]
            return None

    def find(self, id_or_email: str) -> Contact | None:
        """A contact by its id, or by its e-mail address in any case."""
        with self._lock:
            if "@" not in id_or_email:
                return self._contacts.get(id_or_email)
            wanted = id_or_email.casefold()
            return next((one for one in self._contacts.values() if (one.get("Email") or "").casefold() == wanted), None)

    def contacts(self) -> list[Contact]:
        """All contacts, ascending by id."""
        with self._lock:
            return [self._contacts[one] for one in self._index if one in self._contacts]

    def change(self, wish: Mapping[str, Any]) -> dict[str, list[str]]:
        """Update, add, delete and relist as many contacts as the wish says, those that the seed picks; the ids of each.

        Raises ValueError for a wish that is none of these.
        """
        if unknown := set(wish) - set(WISHES):
            raise ValueError(f"Autopilot's account cannot {', '.join(sorted(unknown))}; it can {', '.join(WISHES)}")
        with self._lock:
            self._changes += 1
            random = Random(f"change {self._seed} {self._changes}")
            picked = random.sample(sorted(self._contacts), min(len(self._contacts), int(wish.get("update", 0)) + int(wish.get("delete", 0))))
            updated, deleted = picked[: int(wish.get("update", 0))], picked[int(wish.get("update", 0)) :]
            for one in updated:
                self.update(one, Title=f"Changed {self._changes}")
            for one in deleted:
                self.delete(one)
            relisted = random.sample(sorted(self._contacts), min(len(self._contacts), int(wish.get("relist", 0))))
            for one in relisted:
                self.relist(one)
            added = [self.add(random) for _ in range(int(wish.get("add", 0)))]
            made = {"update": updated, "delete": deleted, "add": added, "relist": relisted}
            return {name: ids for name, ids in made.items() if name != "relist" or name in wish}

    def update(self, contact_id: str, **fields: object) -> None:
        """Set fields of a contact, and its stamp by the server's clock."""
        with self._lock:
            self._contacts[contact_id] = {**self._contacts[contact_id], "updated_at": data.iso(self._now()), **fields}

    def relist(self, contact_id: str) -> None:
        """Put a contact on a list, or take it off. Its stamp stays: no source says that the service would move it."""
        with self._lock:
            on = self._contacts[contact_id].get("lists") or []
            now_on = [one for one in on if one != data.JOURNEY] if data.JOURNEY in on else [*on, data.JOURNEY]
            self._contacts[contact_id] = {**self._contacts[contact_id], "lists": now_on}

    def delete_list(self, list_id: str) -> None:
        """Delete a list. Raises ValueError if there is none of that id."""
        with self._lock:
            kept = [one for one in self.lists if one["list_id"] != list_id]
            if len(kept) == len(self.lists):
                raise ValueError(f"the account has no list {list_id}")
            self.lists = kept

    def add(self, random: Random | None = None, contact_id: str | None = None) -> str:
        """Make a contact as its API makes it, without `updated_at`; its id, which sorts wherever chance put it."""
        with self._lock:
            self._last_number += 1
            made_id = contact_id or data.contact_id(random or Random(f"added {self._seed} {self._last_number}"))
            self._contacts[made_id] = {
                "contact_id": made_id,
                "Email": f"customer{self._last_number:04}@example.com",
                "created_at": data.iso(self._now()),
                "api_originated": True,
                "lists": [data.PROMOTERS],
                "custom_fields": [data.field("Customer Number", self._last_number, "integer")],
            }
            bisect.insort(self._index, made_id)
            return made_id

    def delete(self, contact_id: str) -> None:
        """Delete a contact; its row stays in the index, so that pages keep their bounds."""
        with self._lock:
            del self._contacts[contact_id]


def plain_customers(count: int) -> list[data.MadeUpCustomer]:
    """A few customers without any figures, for an account of a known size."""
    return [data.MadeUpCustomer(number, 0, 0.0, 30.0, Decimal(0)) for number in range(1, count + 1)]
