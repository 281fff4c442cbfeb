"""People, their tokens, browsers and machines that wait to be let in."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_ms", Big, nullable=False),
        sa.Column("disabled_ms", Big),
        sa.Column("subject", sa.String(512), unique=True),
        sa.Column("weight", sa.Integer, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False, index=True),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_ms", Big, nullable=False),
        sa.Column("expires_ms", Big),
        sa.Column("revoked_ms", Big),
        sa.Column("used_ms", Big),
    )
    op.create_table(
        "visits",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False, index=True),
        sa.Column("token_id", sa.String(16)),
        sa.Column("created_ms", Big, nullable=False),
        sa.Column("expires_ms", Big, nullable=False),
    )
    op.create_table(
        "devices",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user_code", sa.String(16), nullable=False, unique=True),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("expires_ms", Big, nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id")),
        sa.Column("refused_ms", Big),
        sa.Column("asked_ms", Big),
    )
    op.create_table(
        "told",
        sa.Column("name", sa.String(48), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
