"""Transfer: tables of rows in and out, of any resource."""
