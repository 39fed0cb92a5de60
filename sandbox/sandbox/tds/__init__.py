"""The wire: a TDS 7.4 and 8.0 server that knows nothing of what the SQL means.

`server.TdsServer` stands in front of a `session.Engine`. From the outside in: `connection` (a client from first byte to
last) over `channel` and `tls`; `prelogin` and `login` let it in; `inbox` reads what it sends and sees attentions;
`requests` answers, with `procedures` (`rpc`, `parameters`), `transactions` and `statements`; `reply`, `tokens` and
`columns` put the answers into `packets`. MS-TDS is https://learn.microsoft.com/openspecs/windows_protocols/ms-tds.
"""
