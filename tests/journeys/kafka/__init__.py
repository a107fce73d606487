"""Journeys that share one system on a real Kafka; it ends after the last of them."""
