"""Messages to people: by SMS, by e-mail and in the application."""
