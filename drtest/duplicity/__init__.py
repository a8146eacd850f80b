"""Everything that knows duplicity: which one is under test, its argv, statuses and log stanzas."""
