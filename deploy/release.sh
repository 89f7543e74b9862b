#!/bin/sh
# What a new release does to the database before it serves. Safe to repeat.
#
# Usage: deploy/release.sh [ROLE], with the DATABASE_URL of the owner of the tables. ROLE is the
# database role that the server and the job runner use, if that is another.
set -eu
cd "$(dirname "$0")/.."
python manage.py migrate --no-input
python manage.py create_roles
if [ $# -gt 0 ]; then
  python manage.py grant_app_role "$1"
fi
# The model that was built and verified with this code answers where none does yet.
python manage.py register_model data/model --seed
