#!/usr/bin/env bash
# Makes the secrets of deploy/fleet/compose.yaml once: passwords, the database's certificate, and the
# salt by which masked values of the organisation match between nights. What is there already stays.
#
#   prepare.sh [FOLDER]      default: the folder secrets beside this file
set -euo pipefail
umask 077
folder=${1:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/secrets}
if [[ -e $folder ]]; then
  echo "$folder is there already: remove it to begin anew (the salt with it)" >&2
  exit 2
fi
made=$folder.making
rm -rf -- "$made"
mkdir -p -- "$made/database" "$made/public"

random() { openssl rand -hex 32; }
random >"$made/database/owner"
owner=$(cat "$made/database/owner") planner=$(random) worker=$(random) reader=$(random) salt=$(random)

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=mlsec-fleet \
  -keyout "$made/ca.key" -out "$made/public/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=database \
  -keyout "$made/database/server.key" -out "$made/server.csr" 2>/dev/null
openssl x509 -req -in "$made/server.csr" -CA "$made/public/ca.pem" -CAkey "$made/ca.key" -CAcreateserial \
  -days 3650 -out "$made/database/server.pem" 2>/dev/null \
  -extfile <(echo 'subjectAltName=DNS:database,DNS:localhost,IP:127.0.0.1')
rm -- "$made/server.csr" "$made"/public/*.srl "$made/ca.key"
chmod 755 "$made/public"
chmod 644 "$made/public/ca.pem"

cat >"$made/database/logins.sql" <<SQL
CREATE ROLE mlsec_planner NOLOGIN;
CREATE ROLE mlsec_worker NOLOGIN;
CREATE ROLE mlsec_reader NOLOGIN;
CREATE ROLE mlsec_team NOLOGIN;
CREATE ROLE plans LOGIN PASSWORD '$planner' IN ROLE mlsec_planner;
CREATE ROLE works LOGIN PASSWORD '$worker' IN ROLE mlsec_worker;
CREATE ROLE reads LOGIN PASSWORD '$reader' IN ROLE mlsec_reader;
SQL
chmod 755 "$made/database"
chmod 644 "$made/database/logins.sql" "$made/database/owner"

url() { echo "postgresql://$1:$2@database/mlsec?sslmode=verify-full&sslrootcert=/etc/mlsec/ca.pem"; }
echo "MLSEC_FLEET_DATABASE=$(url owner "$owner")" >"$made/migrate.env"
printf '%s\n' "MLSEC_FLEET_DATABASE=$(url works "$worker")" "MLSEC_FLEET_SALT=$salt" >"$made/worker.env"
printf '%s\n' "MLSEC_FLEET_DATABASE=$(url plans "$planner")" "MLSEC_HISTORY=$(url plans "$planner")" \
  "MLSEC_FLEET_SALT=$salt" >"$made/planner.env"
printf '%s\n' "MLSEC_READER_PASSWORD=$reader" "GF_SECURITY_ADMIN_PASSWORD=$(random)" >"$made/grafana.env"
mv -- "$made" "$folder"
echo "wrote $folder: keep it out of version control, and a copy of MLSEC_FLEET_SALT where secrets are kept"
