"""The four pipes of the demo: what each moves, how its source changes between the runs, and what must then have arrived."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from readback import Synapse, control, expect_moved, expect_same, text
from sandbox.warehouse.service import ORDERS, USERS
from shell_pipes import Moved, Pipe
from tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SHOWN_ROWS = 3


class Job(ABC):
    """One pipe with its source and its destination."""

    title: ClassVar[str]
    tap: ClassVar[str]
    target: ClassVar[str]
    streams: ClassVar[tuple[str, ...]]  # those moved; the first is compared and shown
    some_streams: ClassVar[bool] = False  # whether the tap has more, so that these are to be selected
    tap_settings: ClassVar[dict[str, Any]] = {}

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.settings = settings
        own = folder / self.title.replace(" ", "-")
        self.pipe = Pipe(self.tap, self.target, own, settings, self.tap_settings, self.streams if self.some_streams else ())
        self.changed: Any = None
        self.first: Moved | None = None

    @abstractmethod
    def change(self) -> str:
        """Change the source; says what was changed."""

    @abstractmethod
    def compare(self) -> int:
        """Hold the destination against the source; the rows that arrived. Raises DemoError."""

    @abstractmethod
    def check_second(self, moved: Moved) -> None:
        """Raise DemoError unless the second run moved what changed, and little else."""

    @abstractmethod
    def shown(self) -> str:
        """Some of what arrived, as a short table."""


class ToSynapse(Job):
    """A job whose rows arrive in a table of the pool."""

    target = "target-synapse"
    schema: ClassVar[str]
    main_table: ClassVar[str]
    key: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]  # compared, and shown

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, {**settings, "TARGET_SYNAPSE_DEFAULT_TARGET_SCHEMA": self.schema})

    def arrived(self) -> list[tuple[Any, ...]]:
        """The compared columns of the main table."""
        pool = Synapse(self.settings)
        try:
            return pool.rows(f"[{self.schema}].[{self.main_table}]", self.columns)
        finally:
            pool.close()

    def shown(self) -> str:
        """Some rows of the main table."""
        rows = sorted(self.arrived(), key=repr)
        return table(f"  [{self.schema}].[{self.main_table}], {len(rows):,} rows:", self.columns, rows[:SHOWN_ROWS])


class Autopilot(ToSynapse):
    """Contacts and lists of an Autopilot account."""

    title, tap, schema, main_table, key = "autopilot to synapse", "tap-autopilot", "autopilot", "contacts", "contact_id"
    streams = ("contacts", "lists")
    some_streams = True  # the memberships take 40 requests more, at the 5 a second that the service allows
    columns = ("contact_id", "Email", "Company")

    def change(self) -> str:
        """Some contacts are edited, some are new."""
        self.changed = control(self.settings, "autopilot").change(update=12, add=5)
        return "12 contacts edited, 5 added"

    def compare(self) -> int:
        """Every contact of the account is a row, with its values."""
        stored = control(self.settings, "autopilot").stored("what=contacts")
        source = [tuple(text(contact.get(name)) for name in self.columns) for contact in stored]
        return expect_same("contacts", source, [tuple(map(text, row)) for row in self.arrived()])

    def check_second(self, moved: Moved) -> None:
        """The changed contacts, those within the tap's lookback before them, and those without any stamp."""
        ids = [record["contact_id"] for record in moved.records["contacts"]]
        changed = [one for kind in ("update", "add") for one in _ids(self.changed, kind)]
        expect_moved("contacts", ids, changed, most=100)


def _ids(changed: Mapping[str, Any], kind: str) -> list[str]:
    return [one for name, ids in changed.items() if name.startswith(kind) for one in ids]


class FullStory(ToSynapse):
    """Sessions of all users of a FullStory account."""

    title, tap, schema, main_table, key = "fullstory to synapse", "tap-fullstory", "fullstory", "sessions", "session_key"
    streams = ("sessions", "users", "events", "segments")
    columns = ("session_key", "user_id", "app_url")

    def change(self) -> str:
        """New sessions, and a new bundle of events."""
        self.changed = control(self.settings, "fullstory").change(sessions=25, bundles=1)
        return f"25 sessions and 1 bundle of {self.changed['bundles'][0]['events']} events added"

    def compare(self) -> int:
        """Every session of every identified user is a row."""
        stored = control(self.settings, "fullstory").stored("what=sessions")
        source = [(one["id"], one["id"].split(":")[0], one["app_url"]) for one in stored if one["uid"] or one["email"]]
        return expect_same("sessions", source, [tuple(map(str, row)) for row in self.arrived()])

    def check_second(self, moved: Moved) -> None:
        """The new sessions, and those of the bookmark's own second."""
        identified = {one["id"] for one in control(self.settings, "fullstory").stored("what=sessions") if one["uid"] or one["email"]}
        keys = [record["session_key"] for record in moved.records["sessions"]]
        expect_moved("sessions", keys, [one["id"] for one in self.changed["sessions"] if one["id"] in identified], most=100)


class UsersToMparticle(Job):
    """Customers of the warehouse as mParticle users."""

    title, tap, target = "warehouse to mparticle", "tap-warehouse", "target-mparticle"
    streams = ("users",)
    tap_settings: ClassVar[dict[str, Any]] = {"models": [USERS]}

    def change(self) -> str:
        """Customers move and buy, some are new."""
        self.changed = control(self.settings, "warehouse").change(customers=20, added=5, orders=10)
        return f"{len(self.changed['users'])} customers changed or added, {len(self.changed['orders_added'])} orders added"

    def profiles(self) -> list[dict[str, Any]]:
        """The users that mParticle has."""
        found: list[dict[str, Any]] = control(self.settings, "mparticle").stored("what=profiles")
        return found

    def compare(self) -> int:
        """Every customer is a user with the attributes of his row."""
        stored = control(self.settings, "warehouse").stored("what=users")
        names = ("$city", "order_count", "spend", "vip")
        source = [(one["customer_id"], one["email"], *(text(one[name]) for name in names)) for one in stored]
        arrived = [_user(profile, names) for profile in self.profiles()]
        return expect_same("users", source, arrived)

    def check_second(self, moved: Moved) -> None:
        """The changed users, and those of the bookmark itself."""
        again = at_the_bookmark(self.first, "users", "customer_id", "date_updated")
        keys = [record["customer_id"] for record in moved.records["users"]]
        expect_moved("users", keys, self.changed["users"], most=len({*self.changed["users"], *again}))

    def shown(self) -> str:
        """Some users, with some attributes."""
        profiles = sorted(self.profiles(), key=lambda one: str(one["user_identities"].get("customer_id")))
        names = ("$firstname", "$city", "order_count", "spend", "favorite_categories")
        rows = [[one["user_identities"].get("customer_id"), *(one["user_attributes"].get(name) for name in names)] for one in profiles]
        return table(f"  mParticle users, {len(rows):,}:", ("customer_id", *names), rows[:SHOWN_ROWS])


def at_the_bookmark(first: Moved | None, stream: str, key: str, iterator: str) -> list[Any]:
    """The keys of the first run's rows that stand at its bookmark: the next run reads them again, since others may have joined them."""
    records = first.records[stream] if first else []
    bookmark = max(record[iterator] for record in records)
    return [record[key] for record in records if record[iterator] == bookmark]


def _user(profile: Mapping[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    identities, attributes = profile["user_identities"], profile["user_attributes"]
    return (identities.get("customer_id"), identities.get("email"), *(text(attributes.get(name)) for name in names))


class OrdersToSynapse(ToSynapse):
    """Orders of the warehouse as a table of the pool."""

    title, tap, schema, main_table, key = "warehouse to synapse", "tap-warehouse", "warehouse", "orders", "order_id"
    streams = ("orders",)
    tap_settings: ClassVar[dict[str, Any]] = {"models": [ORDERS]}
    columns = ("order_id", "customer_id", "loyalty_card", "amount", "note")

    def change(self) -> str:
        """The change of the users' pipe, which has the same source, was made already."""
        return "the same change of the warehouse"

    def compare(self) -> int:
        """Every order is a row, with its values."""
        stored = control(self.settings, "warehouse").stored("what=orders")
        source = [tuple(text(one[name]) for name in self.columns) for one in stored]
        return expect_same("orders", source, [tuple(map(text, row)) for row in self.arrived()])

    def check_second(self, moved: Moved) -> None:
        """New and corrected orders, and those of the bookmark itself."""
        again = at_the_bookmark(self.first, "orders", "order_id", "updated_at")
        keys = [record["order_id"] for record in moved.records["orders"]]
        wanted = {*self.changed["orders_added"], *self.changed["orders_changed"]}
        expect_moved("orders", keys, wanted, most=len({*wanted, *again}))


def all_jobs(folder: Path, settings: Mapping[str, str]) -> list[Job]:
    """The four jobs, in the order they run."""
    return [job(folder, settings) for job in (Autopilot, FullStory, UsersToMparticle, OrdersToSynapse)]
