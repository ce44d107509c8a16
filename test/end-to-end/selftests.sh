# Runs the kernel's own livepatch selftests with the daemon attached, those of the folder that the test names, and keeps
# of each what it said and how it ended. One that does not pass is run again without the daemon: is it the daemon's fault?
set -eu
source "$(dirname "$0")/support/steps.sh"
suite=/lab/out/suite

# Before Linux 6.9 they load their modules with modprobe: from a folder with these alone, because depmod would take long
# to read all of the kernel's. Later ones only want to see a `build`.
install_modules() {
  local modules
  modules=/lib/modules/$(uname -r)
  mount -t tmpfs modules /lib/modules
  mkdir -p "$modules/build"
  cp "$suite"/scripts/test_modules/*.ko "$modules"
  depmod
}

# They wait 60 s for a transition. Emulated, on 6.12, test-syscall.sh takes longer than that without the daemon, too: the
# end of a transition patches the kernel's text, which waits for CPUs that the script keeps busy. In the VM's memory only.
have_patience() { sed -i 's/^MAX_RETRIES=.*/MAX_RETRIES=3000/' "$suite/scripts/functions.sh"; }

# run_script NAME FOLDER: NAME.txt and NAME.code in the folder.
run_script() {
  local code=0
  say "$1"
  (cd "$suite/scripts" && timeout 400 "./$1") >"$2/$1.txt" 2>&1 </dev/null || code=$?
  echo "$code" >"$2/$1.code"
  say "$1 ended with $code"
}

step suite
install_modules
have_patience
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
