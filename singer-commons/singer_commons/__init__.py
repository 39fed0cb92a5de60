"""What the five packages share, and nothing else: command line, errors, secrets, signals, HTTP, rejects, durable state."""
