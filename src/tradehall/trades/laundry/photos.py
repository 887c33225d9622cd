"""Photos that come as base64 in a request: measured, looked at and made anew before anything is kept (spec R-12)."""

from typing import TYPE_CHECKING, Annotated

from pydantic import StringConstraints

from tradehall.kernel.cabinet import MEGABYTE, Arrived, decoded
from tradehall.kernel.errors import UnsupportedType

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office

LARGEST = 5 * MEGABYTE
LARGEST_BODY = 8 * MEGABYTE
"""A photo as base64, with what stands around it."""
Photo = Annotated[str, StringConstraints(max_length=LARGEST_BODY)]
KINDS = ("image/jpeg", "image/png", "image/webp")


async def taken_in(office: "Office", call: "Call", photo: str | None) -> Arrived | None:
    """A photo of a request, in the store; raises Problem where it is too large, or none."""
    if not photo:
        return None
    arrived = await office.files.take_in(call.actor.org_id, decoded(photo, LARGEST), "photo")
    if arrived.type not in KINDS:
        await office.files.drop_quietly(arrived.key)
        raise UnsupportedType("a JPEG, PNG or WebP picture")
    return arrived
