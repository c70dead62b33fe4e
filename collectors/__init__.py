"""The only code that opens a connection to what is audited, sleeps, or holds a credential."""
