"""Who works in a phone shop."""

from tradehall.kernel.verbs import Role

CLERK = Role("clerk", "Clerk")
TECHNICIAN = Role("technician", "Technician")
MANAGER = Role("manager", "Manager")
OWNER = Role("owner", "Owner")

MANAGERS = (MANAGER, OWNER)
STAFF = (CLERK, TECHNICIAN, *MANAGERS)
