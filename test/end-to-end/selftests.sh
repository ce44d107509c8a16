# Runs the kernel's own livepatch selftests with the daemon attached, those of the folder that the test names, and keeps
# of each what it said and how it ended. One that does not pass is run again without the daemon: is it the daemon's fault?
set -eu
source "$(dirname "$0")/support/steps.sh"
suite=/lab/out/suite

# They load their modules with modprobe: a folder of theirs alone, because reading that of all modules is slow.
install_modules() {
  mount -t tmpfs modules /lib/modules
  mkdir "/lib/modules/$(uname -r)"
  cp "$suite"/modules/*.ko "/lib/modules/$(uname -r)"
  depmod
}

# run_script NAME FOLDER: NAME.txt and NAME.code in the folder.
run_script() {
  local code=0
  say "$1"
  (cd "$suite/scripts" && timeout 180 "./$1") >"$2/$1.txt" 2>&1 </dev/null || code=$?
  echo "$code" >"$2/$1.code"
  say "$1 ended with $code"
}

step suite
install_modules
mkdir /lab/out/with /lab/out/without
launch_daemon --stalled-after 60
wait_ready
for script in "$suite"/scripts/test-*.sh; do run_script "${script##*/}" /lab/out/with; done
looked
stop_daemon
for script in "$suite"/scripts/test-*.sh; do
  script=${script##*/}
  [[ $(cat "/lab/out/with/$script.code") == 0 ]] || run_script "$script" /lab/out/without
done
