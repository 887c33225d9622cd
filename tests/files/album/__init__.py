"""A trade with pictures: an album is its keeper's alone, a poster hangs where everybody sees it."""

from tradehall.kernel import author as th

KEEPER, HEAD, OWNER = ROLES = th.Role("keeper", "Keeper"), th.Role("head", "Head"), th.Role("owner", "Owner")


class Album(th.Record, table="album_albums"):
    """An album of one person."""

    label = th.text(100, shortest=1)
    keeper_id = th.person()
    cover_id = th.optional(th.file())


class Poster(th.Record, table="album_posters"):
    """A poster that everybody sees."""

    label = th.text(100, shortest=1)
    picture_id = th.optional(th.file())


@th.act(Album, by=ROLES)
def begin(ctx: th.Context, label: str) -> Album:
    """Begin an album."""
    return ctx.add(Album(label=label, keeper_id=ctx.actor.user_id))


OWN = (th.own(KEEPER), HEAD, OWNER)
albums = th.Resource(Album, by=OWN, form=("label", "cover_id"), create=begin, edit=OWN, delete=OWN)
posters = th.Resource(Poster, by=ROLES, write=ROLES)
trade = th.Trade("album", roles=ROLES, resources=(albums, posters))
