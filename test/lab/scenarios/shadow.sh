# Proves every way of using the shadow variable API, the wrong ones included, with an exact account.
source "$(dirname "$0")/lib.sh"
load klpt_target
knob create 3
knob shadow_alloc '1 0x2001 16'
knob shadow_alloc '2 0x2001 16'
refused set_knob shadow_alloc '1 0x2001 16'
knob shadow_get_or_alloc '1 0x2001 16'
knob shadow_get_or_alloc '3 0x2001 16'
expect_counts 0x2001 '3 3 0 1'
# One id for two purposes.
knob shadow_alloc '1 0x2002 8'
knob shadow_alloc '2 0x2002 64'
refused set_knob shadow_alloc '3 0x2002 8 fail'
expect_counts 0x2002 '2 2 0 0'
knob shadow_free '1 0x2001'
knob shadow_free '1 0x2001'
expect_counts 0x2001 '2 3 1 1'
knob shadow_race '1 0x2003'
expect_counts 0x2003 '1 1 0 1'
knob shadow_storm 2000
expect_counts 0x2fff '0 2000 2000 0'
knob shadow_free_all 0x2001
expect_counts 0x2001 '0 3 3 1'
knob shadow_free_all 0x2002
knob shadow_free_all 0x2003
knob free 3
unload klpt_target
