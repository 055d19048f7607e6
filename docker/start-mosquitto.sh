#!/bin/sh
# Before Mosquitto starts in its container: the accounts of the house's own parts, whose passwords are in .env.
# Those of the devices stay as `rurban devices credentials` made them; so do lines that somebody added by hand.
#   start-mosquitto.sh FOLDER ACL PLUGIN COMMAND...
# FOLDER gets `passwords`, `acl` and, the first time, `dynamic-security.json` as PLUGIN has it; COMMAND takes the place
# of this script.
set -eu
folder=$1
acl=$2
plugin=$3
shift 3
umask 077

cat "$acl" >"$folder/acl"
[ -e "$folder/dynamic-security.json" ] || cat "$plugin" >"$folder/dynamic-security.json"
{
    printf '_worker:%s\n' "$MQTT_WORKER_PASSWORD"
    printf '_api:%s\n' "$MQTT_API_PASSWORD"
    printf '_accounts:%s\n' "$MQTT_ACCOUNTS_PASSWORD"
    printf '_health:%s\n' "$MQTT_HEALTH_PASSWORD"
    printf '_gateway:%s\n' "$MQTT_GATEWAY_PASSWORD"
    printf '_simulate:%s\n' "$MQTT_SIMULATE_PASSWORD"
} >"$folder/passwords.new"
mosquitto_passwd -U "$folder/passwords.new"
touch "$folder/passwords"
sed -E '/^_(worker|api|accounts|health|gateway|simulate):/d' "$folder/passwords" >>"$folder/passwords.new"
mv "$folder/passwords.new" "$folder/passwords"
exec "$@"
