"""A stand-in of Azure Data Factory's and Synapse's pipelines, which really copies files from a blob store into a pool."""
