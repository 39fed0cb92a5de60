"""The stream of sessions: of given users, by uid or e-mail address, or of everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_fullstory.session_progress import EVERYBODY, SessionProgress, mark, utc_text
from tap_fullstory.sessions import Person, SessionReader
from tap_fullstory.settings import asks_all_users
from tap_fullstory.streams import BookmarkedStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_fullstory.sessions import Session


class SessionsStream(BookmarkedStream):
    """Sessions of the users named by `uids` and `emails` (a key of any level), or of every identified user (an Architect key).

    The records are the same whichever of the APIs they come from.
    """

    name = "sessions"
    primary_keys = ("session_key",)
    replication_key = "created_time"
    is_sorted = False
    schema = th.PropertiesList(
        th.Property("session_key", th.StringType, required=True, description="`user_id:session_id`: a session's id alone is not unique"),
        th.Property("user_id", th.StringType, description="FullStory's id of the user's device, a 64-bit integer"),
        th.Property("session_id", th.StringType, description="FullStory's id of the session, a 64-bit integer"),
        th.Property("created_time", th.DateTimeType, description="When the session began"),
        th.Property("app_url", th.StringType, description="The session's replay in FullStory"),
        th.Property("uid", th.StringType, description="The uid that was asked for"),
        th.Property("email", th.StringType, description="The e-mail address that was asked for"),
    ).to_dict()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The sessions since the bookmark, user by user."""
        progress = SessionProgress.from_state(self.progress, start=self.start, lookback_s=self.config["sessions_lookback_s"])
        reader = SessionReader(self.client, self.config["sessions_shape"], self.config["sessions_limit"])
        run_began: datetime | None = None
        for person in self._people():
            found = reader.since(person, progress.since(person))
            run_began = run_began or self.client.server_time
            yield from (_record(session, person) for session in found if progress.is_new(session, person))
            progress.forget_older(run_began)
        reader.tell()
        if run_began is not None:
            self.checkpoint(progress.to_state(run_began, self._marks()))

    def _people(self) -> Iterator[Person]:
        yield from self._named()
        if asks_all_users(self.config):
            for user in self.client.users():
                if user.get("uid") or user.get("email"):
                    yield Person(user.get("uid") or None, user.get("email") or None)

    def _named(self) -> Iterator[Person]:
        yield from (Person(uid, None) for uid in self.config.get("uids") or [])
        yield from (Person(None, email) for email in self.config.get("emails") or [])

    def _marks(self) -> set[str]:
        return {EVERYBODY} if asks_all_users(self.config) else {mark(person) for person in self._named()}


def _record(session: Session, person: Person) -> dict[str, Any]:
    return {
        "session_key": session.key,
        "user_id": session.user_id,
        "session_id": session.session_id,
        "created_time": utc_text(session.created),
        "app_url": session.app_url,
        "uid": person.uid,
        "email": person.email,
    }
