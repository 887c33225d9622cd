#!/bin/sh
# Runs once, when the database is new: the application's role is no superuser, so that row-level security binds it.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set password="$DB_PASSWORD" <<'SQL'
CREATE ROLE tradehall LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE tradehall OWNER tradehall;
\connect tradehall
CREATE EXTENSION vector;
SQL
