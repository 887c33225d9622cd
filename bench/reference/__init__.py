"""The phone shop as it is ordinarily built: FastAPI, a synchronous ORM session, response models."""
