"""The connection to the pool: how it is made, what its errors mean, and how long it is waited for."""
