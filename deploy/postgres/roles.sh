#!/bin/sh
# Runs once, when the database cluster is new. Two roles: shelfmark_owner migrates and owns the
# tables; shelfmark_app serves. What shelfmark_app may do with which table is granted after each
# migration by `manage.py grant_app_role`; until then it may do nothing.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set owner_password="$(cat /run/secrets/owner_password)" \
  --set app_password="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE shelfmark_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE shelfmark_app LOGIN PASSWORD :'app_password';
CREATE DATABASE shelfmark OWNER shelfmark_owner ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;
REVOKE ALL ON DATABASE shelfmark FROM PUBLIC;
GRANT CONNECT ON DATABASE shelfmark TO shelfmark_app;
\connect shelfmark
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO shelfmark_owner;
SQL
