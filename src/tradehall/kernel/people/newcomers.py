"""Letting people in from a rule: by a list, or in sample data."""

from tradehall.kernel.context import Context
from tradehall.kernel.people.members import CreateUser, NewUser
from tradehall.kernel.verbs import Actor, Role


def let_in(ctx: Context, name: str, role: Role, full_name: str | None = None) -> Actor:
    """Give somebody an account in this trade, without a secret: they choose one with a link. Gives who they are."""
    trade = ctx.trade
    user = NewUser(name, ((trade.name, role.name),), trade.sign_in.name, None, full_name=full_name)
    user_id = ctx.carry_out(CreateUser(ctx.org_id, user, ctx.now, ctx.actor.label, ctx.origin))
    return Actor(ctx.org_id, trade.name, role.name, int(user_id), full_name or name)
