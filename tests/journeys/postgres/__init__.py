"""Journeys that share one system on the log in PostgreSQL; it ends after the last of them."""
