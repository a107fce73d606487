"""What partners' documents say and how it is written: pure, both syntaxes, without envelopes, control numbers and database."""
