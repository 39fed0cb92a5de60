"""The load of a batch, what is remembered of it, and what becomes of refused rows."""
