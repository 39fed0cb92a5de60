"""A small HTTP stand-in, for the tests of what all stand-ins share: books on a shelf."""

from __future__ import annotations

from sandbox.http.limits import RateLimit
from sandbox.http.messages import Answer
from sandbox.http.service import HttpService, Route


class Shelf:
    """Books by name; a key is asked for, and at most `limit` requests an hour are answered."""

    def __init__(self, limit: int = 1000) -> None:
        self.books = {"first": 1}
        self.rate = RateLimit(limit, 3600.0)

    def routes(self):
        return [Route("GET", "/books/{name}", self.read), Route("POST", "/books", self.add), Route("GET", "/broken", self.broken)]

    def admit(self, request):
        if request.headers.get("x-key") != "secret":
            return Answer.of_json({"problem": "key"}, 401)
        if wait_s := self.rate.wait_s():
            return Answer.of_json({"problem": "rate"}, 429, {"Retry-After": str(int(wait_s))})
        return None

    def unknown(self, request):
        return Answer.of_json({"problem": f"no {request.path}"}, 404)

    def change(self, wish):
        self.books |= {wish["add"]: len(self.books) + 1}
        return {"added": wish["add"]}

    def stored(self, query):
        return {"books": self.books, "query": dict(query)}

    def read(self, request, name):
        return Answer.of_json({"name": name, "number": self.books.get(name), "query": dict(request.query)})

    def add(self, request):
        self.books[request.json()["name"]] = len(self.books) + 1
        return Answer.of_json({"added": request.json()["name"]}, 201)

    def broken(self, request):
        raise RuntimeError("a bug in the stand-in")


class ShelfService:
    """The shelf, as a service of the sandbox."""

    def __init__(self, options) -> None:
        self._http = HttpService(Shelf(), port=options.port)
        self.port = self._http.port
        self.settings = {"TAP_SHELF_SEED": str(options.seed), "SANDBOX_SHELF_URL": self._http.url, "TAP_SHELF_API_KEY": "it's a secret"}
        self.serve_forever, self.close = self._http.serve_forever, self._http.close


def start(options):
    return ShelfService(options)
