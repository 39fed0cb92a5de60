"""From files to rows: COPY INTO and PolyBase."""
