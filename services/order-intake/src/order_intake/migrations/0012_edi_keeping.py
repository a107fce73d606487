"""the end of bytes that speak of no order, documents that are given up"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("edi_interchanges_kept", "edi_interchanges", ["interchange_id"], postgresql_where="key_id IS NOT NULL")
    op.create_table_comment(
        "edi_interchanges",
        "`body` and `acknowledgement` are enclosed under the keys of the orders they speak of, else under `key_id`, until they are destroyed: "
        "NULL, or empty. `holds_control`: another body with this control number is refused.",
    )
    op.add_column("edi_documents", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("edi_documents_unwritable", "edi_documents")
    aside = "unwritable IS NOT NULL AND given_up_at IS NULL"
    op.create_index("edi_documents_unwritable", "edi_documents", ["partner", "document_id"], postgresql_where=aside)


def downgrade() -> None:
    op.drop_index("edi_documents_unwritable", "edi_documents")
    op.create_index("edi_documents_unwritable", "edi_documents", ["partner"], postgresql_where="unwritable IS NOT NULL")
    op.drop_column("edi_documents", "given_up_at")
    op.drop_index("edi_interchanges_kept", "edi_interchanges")
