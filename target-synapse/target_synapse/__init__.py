"""target-synapse: Singer streams into an Azure Synapse dedicated SQL pool, by way of Blob Storage and COPY INTO."""
