#!/bin/sh
# Before Mosquitto starts in its container: the accounts of the house's own parts, whose passwords are in .env.
# The devices' accounts stay as `rurban devices credentials` wrote them.
#   start-mosquitto.sh FOLDER ACL COMMAND...   FOLDER gets `passwords` and `acl`; COMMAND takes the place of this script
set -eu
folder=$1
acl=$2
shift 2
umask 077

cat "$acl" >"$folder/acl"
{
    printf '_worker:%s\n' "$MQTT_WORKER_PASSWORD"
    printf '_api:%s\n' "$MQTT_API_PASSWORD"
    printf '_health:%s\n' "$MQTT_HEALTH_PASSWORD"
    printf '_simulate:%s\n' "$MQTT_SIMULATE_PASSWORD"
} >"$folder/passwords.new"
mosquitto_passwd -U "$folder/passwords.new"
touch "$folder/passwords"
sed -E '/^_(worker|api|health|simulate):/d' "$folder/passwords" >>"$folder/passwords.new"
mv "$folder/passwords.new" "$folder/passwords"
exec "$@"
