"""Trading partners for tests, each with identifiers of its own."""

from uuid import uuid4

from tests.order_intake.builders import Body

OURS = {"X12": ("ZZ", "THREEPL"), "EDIFACT": ("14", "4012345000009")}


def an_identifier() -> str:
    return f"P{uuid4().hex[:13]}".upper()


def a_partner_body(customer_id: str, identifier: str = "", **changes: object) -> Body:
    """Known in both syntaxes by one identifier."""
    identifier = identifier or an_identifier()
    return {
        "customer_id": customer_id,
        "identifiers": [{"syntax": syntax, "qualifier": qualifier, "identifier": identifier} for syntax, (qualifier, _) in OURS.items()],
        "our_identifiers": [{"syntax": syntax, "qualifier": qualifier, "identifier": ours} for syntax, (qualifier, ours) in OURS.items()],
        "country": "US",
        **changes,
    }
