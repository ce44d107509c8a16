# Ends only when it is killed.
trap '' TERM
while true; do sleep 1; done
