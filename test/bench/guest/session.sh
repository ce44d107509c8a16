# The script of a bench's VM: settings.sh in /lab/out says which parts run; what they leave there is read by
# the host.
source /lab/session/session.env
source /lab/out/settings.sh
guest="$LAB_CHECKOUT/test/bench/guest"
source "$guest/lib.sh"
source "$guest/conditions.sh"
for part in $bench_parts; do
  say "part $part"
  source "$guest/$part.sh"
done
