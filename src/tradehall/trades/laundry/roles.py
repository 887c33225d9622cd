"""Who is in a laundry."""

from tradehall.kernel.verbs import Role

RESIDENT = Role("resident", "Resident")
CARETAKER = Role("caretaker", "Caretaker")
ADMIN = Role("admin", "Administrator")

STAFF = (CARETAKER, ADMIN)
EVERYBODY = (RESIDENT, *STAFF)
