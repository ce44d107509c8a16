# The record's disk fills up while the daemon observes, has room again, is overwritten, and the wall clock is set.
set -eu
source "$(dirname "$0")/support/steps.sh"

mkdir -p /run/small
mount -t tmpfs -o size=6m tmpfs /run/small
daemon_database=/run/small/klpscope.db
launch_daemon
wait_until "$patience_s" answers
step started

cat /dev/zero >/run/small/filler 2>/dev/null || true
step full

rm /run/small/filler
step room

head -c 200000 /dev/urandom | dd of="$daemon_database" conv=notrunc status=none
step overwritten

date -s '+1 hour' >/dev/null
step clock-set

stop_daemon
ls /run/small >/lab/out/files
cp "$daemon_database" /lab/out/klpscope.db
