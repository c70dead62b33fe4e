"""Everything done with bytes once they have been collected: platforms, facts, statements, log, store, verification."""
