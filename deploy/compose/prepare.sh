#!/bin/sh
# Draws the passwords of compose.yaml and writes them into .env and secrets/, once: what is there already stays.
set -eu
cd "$(dirname "$0")"

draw() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# Only the owner enters the folder. The files in it are mounted one by one and read by the users of the containers.
umask 022
mkdir -p secrets
chmod 700 secrets

if [ ! -e .env ]; then
    (umask 077 && cat > .env.new) <<END
POSTGRES_PASSWORD=$(draw)
S3_ACCESS_KEY_ID=bindery
S3_SECRET_ACCESS_KEY=$(draw)
GRAFANA_PASSWORD=$(draw)
END
    mv .env.new .env
fi
# It came later than the file: a cluster of deploy/compose/ray.yaml.
grep -q '^RAY_AUTH_TOKEN=' .env || echo "RAY_AUTH_TOKEN=$(draw)" >> .env
# So did these: two servers on one record, deploy/compose/servers.yaml.
grep -q '^BINDERY_SEALING_KEY=' .env || cat >> .env <<END
BINDERY_ACCESS_KEY_ID=bindery-$(draw | cut -c1-16)
BINDERY_ACCESS_KEY_SECRET=$(draw)
BINDERY_SEALING_KEY=$(head -c 32 /dev/urandom | base64 | tr -d '\n')
END
S3_ACCESS_KEY_ID=$(sed -n 's/^S3_ACCESS_KEY_ID=//p' .env)
S3_SECRET_ACCESS_KEY=$(sed -n 's/^S3_SECRET_ACCESS_KEY=//p' .env)

[ -e secrets/metrics-token ] || draw > secrets/metrics-token

[ -e secrets/s3.json ] || cat > secrets/s3.json <<END
{
  "identities": [
    {
      "name": "bindery",
      "credentials": [{"accessKey": "$S3_ACCESS_KEY_ID", "secretKey": "$S3_SECRET_ACCESS_KEY"}],
      "actions": ["Admin", "Read", "Write", "List", "Tagging"]
    }
  ]
}
END

[ -e secrets/bindery.toml ] || cat > secrets/bindery.toml <<END
# The configuration of the server: see docs/configuration.md. It counts after: docker compose restart bindery

[buckets]
media = "s3://media?endpoint=http://s3:8333&region=us-east-1"

[catalog]
url = "postgresql://bindery@postgres/bindery"

[metrics]
token = "$(cat secrets/metrics-token)"

[log]
format = "json"
END

echo "ready: docker compose up --build --detach --wait"
