# Mounts the disk that survives, looks at what the last power loss has left on it, and then storms until the next.
set -eu
source /lab/out/settings
modprobe virtio_blk
modprobe ext4
mkdir -p /disk
mount -t ext4 /dev/vda /disk
"$node" "$programs/look.mjs" /disk/klpscope.db /lab/out/found
: >/lab/out/looked
[[ $storm == 1 ]] || { umount /disk; exit 0; }
exec "$node" "$programs/storm.mjs" /disk/klpscope.db "$programs/store-worker.mjs" /lab/out/told "$events" "$eventsPerFile" "$eventsPerMs" "$longestStormMs"
