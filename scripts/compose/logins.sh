#!/usr/bin/env bash
# Gives each service its login: a member of the role that `cloister migrate apply` made, with the password of its secret.
set -euo pipefail

give_login() { # host database role login secret
  # Not by an argument: those of a process are for everybody on the machine to read.
  PGPASSWORD=$(<"/run/secrets/$1") LOGIN_PASSWORD=$(<"/run/secrets/$5") psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 \
    --host "$1" --username postgres --dbname "$2" --set role="$3" --set login="$4" <<'SQL'
\getenv password LOGIN_PASSWORD
select format('create role %I', :'login') where not exists (select from pg_roles where rolname = :'login') \gexec
alter role :"login" login password :'password';
grant :"role" to :"login";
SQL
}

for service in ingest redaction embedding retention; do
  give_login postgres cloister "cloister_$service" "${service}_1" "database-$service"
done
give_login postgres cloister cloister_inference inference_1 database-enclave-inference
give_login keys-postgres keys cloister_keys keys_1 database-keys
