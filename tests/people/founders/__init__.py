"""A trade in which whoever registers founds an organisation, with an e-mail address."""
