"""The record, its chain, and what is counted of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "record",
        sa.Column("seq", Big, primary_key=True, autoincrement=False),
        sa.Column("at_ms", Big, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("plain", sa.Text, nullable=False),
        sa.Column("person_id", Big),
        sa.Column("event", sa.String(64), unique=True),
        sa.Column("suggestion", sa.String(64)),
        sa.Column("personal", sa.Text),
        sa.Column("salt", sa.String(32)),
        sa.Column("source", sa.Text),
        sa.Column("sealed", sa.String(64), nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
    )
    op.create_index("record_of_kind", "record", ["kind", "seq"])
    op.create_index("record_of_person", "record", ["person_id", "seq"])
    op.create_index("record_of_suggestion", "record", ["suggestion"])
    op.create_index("record_at", "record", ["at_ms"])
    op.create_table(
        "head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
    )
    op.create_table(
        "counts",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("person_id", Big, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(24), primary_key=True),
        sa.Column("model", sa.String(128), primary_key=True),
        sa.Column("measure", sa.String(48), primary_key=True),
        sa.Column("count", Big, nullable=False),
    )
    op.create_index("counts_of_person", "counts", ["person_id", "day"])
    op.create_index("counts_of_measure", "counts", ["measure", "day", "person_id", "count"])
