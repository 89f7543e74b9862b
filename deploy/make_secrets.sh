#!/bin/sh
# Makes the secrets that compose.yaml reads, each from the system's random generator. What exists
# stays. The certificate (tls.crt, tls.key) is yours to put beside them.
set -eu
cd "$(dirname "$0")/secrets"
# Compose mounts these files as they are, and each container reads them under another user. So
# the files can be read by everybody, and the folder can be entered by its owner only.
chmod 700 .
umask 022

random() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }
make() {
  if [ ! -s "$1" ]; then
    printf '%s\n' "$2" > "$1.part"
    mv "$1.part" "$1"
    echo "made $1"
  fi
}

make secret_key "$(random)$(random)"
make postgres_password "$(random)"
make owner_password "$(random)"
make app_password "$(random)"
make owner_database_url "postgres://shelfmark_owner:$(cat owner_password)@postgres:5432/shelfmark"
make app_database_url "postgres://shelfmark_app:$(cat app_password)@postgres:5432/shelfmark"
redis_password=$(random)
if [ ! -s redis_url ] || [ ! -s redis.acl ]; then
  rm -f redis_url redis.acl
fi
make redis_url "redis://:$redis_password@redis:6379/0"
make redis.acl "user default on >$redis_password ~* &* +@all"
make rabbitmq.conf "default_user = shelfmark
default_pass = $(random)"
