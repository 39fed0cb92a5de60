"""Microsoft Entra ID, as far as a loader asks it: tokens for a service principal, for a user by password, and for a machine's own identity."""
