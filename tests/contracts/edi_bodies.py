"""What schemathesis is told of EDI: a body is its bytes."""

import schemathesis

schemathesis.serializer.alias(["application/EDI-X12", "application/EDIFACT"], "application/octet-stream")
