"""Whom the running API knows beside its staff."""

CUSTOMER, SKU = "DOOR", "TEA"
CUSTOMER_KEY = "door.0123456789abcdef0123456789abcdef"
RIVAL, RIVAL_KEY = "RIVAL", "rival.0123456789abcdef0123456789abcdef"
