"""The evidence bundle's form: what an auditor gets, as a BagIt bag (RFC 8493) in a zip."""
