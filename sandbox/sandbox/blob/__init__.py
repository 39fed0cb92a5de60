"""Azure Blob Storage: Azurite, Microsoft's own emulator, with its data in memory."""
