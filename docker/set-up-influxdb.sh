#!/bin/sh
# Once, when InfluxDB is set up: the bucket of the hourly rollups, how long readings are kept, and an account for Grafana
# that may read and do nothing else. Grafana passes on what its viewers ask, so it must not hold the token that may
# write and delete.
set -eu
org=$DOCKER_INFLUXDB_INIT_ORG
readings=$DOCKER_INFLUXDB_INIT_BUCKET_ID
hourly=${DOCKER_INFLUXDB_INIT_BUCKET}_hourly

influx bucket create --org "$org" --name "$hourly" >/dev/null
hourly=$(influx bucket list --org "$org" --name "$hourly" --hide-headers | cut -f 1)
if [ "$RURBAN_KEEP_DAYS" != 0 ]; then
    influx bucket update --id "$readings" --retention "${RURBAN_KEEP_DAYS}d" >/dev/null
fi
influx v1 auth create --org "$org" --read-bucket "$readings" --read-bucket "$hourly" \
    --username grafana --password "$GRAFANA_INFLUXDB_PASSWORD" >/dev/null
