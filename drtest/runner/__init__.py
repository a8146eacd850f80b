"""Runs one scenario: its timeline, then its drills; yields events and judges nothing."""
