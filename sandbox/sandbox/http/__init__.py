"""What the HTTP stand-ins share: routes, a log of requests, faults on demand, rate limits."""
