"""what is wanted of a line since it was amended"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FORMER = "One row a line of an order; first_demanded and first_available are null where the first allocation had all of it."
COMMENT = (
    "One row a line of an order; ordered is what was confirmed, amended what is wanted since, 0 where the line was cancelled;"
    " first_demanded and first_available are null where the first allocation had all of it."
)


def upgrade() -> None:
    op.add_column("line_facts", sa.Column("amended", sa.BigInteger(), nullable=True))
    op.create_table_comment("line_facts", COMMENT, existing_comment=FORMER)


def downgrade() -> None:
    op.create_table_comment("line_facts", FORMER, existing_comment=COMMENT)
    op.drop_column("line_facts", "amended")
