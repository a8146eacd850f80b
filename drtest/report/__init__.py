"""Tells a run: reporters, and the archive of runs under reports/. Imports nothing but the model."""
