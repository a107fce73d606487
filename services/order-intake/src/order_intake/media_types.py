"""What interchanges are called on the way: by the name of their syntax, and in the API's description."""

MEDIA_TYPES = {"X12": "application/EDI-X12", "EDIFACT": "application/EDIFACT"}
EDI: dict[str, dict[str, object]] = {name: {} for name in MEDIA_TYPES.values()}
