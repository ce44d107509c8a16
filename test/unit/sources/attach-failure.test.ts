import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { probeSets } from '../../../daemon/probes/probe-sets.ts'
import { culpritOf } from '../../../daemon/sources/attach-failure.ts'
import { generateScript } from '../../../daemon/sources/script.ts'

const script = generateScript(join(import.meta.dirname, '../../../bpf'), probeSets, {
  hasFunction: () => true,
  addressOf: () => 1n,
  btf: { offsetOf: () => 8, sizeOf: () => 8, hasField: () => true, subset: () => null },
  cpus: 2,
  streamPerS: 100,
  shadowCheckS: 7,
})
const timer = script.blocks.find(({ set, function: name }) => set === 'shadow' && name === null)

// As bpftrace 0.17, 0.23 and 0.27 print them, with the names of our own functions.
describe('who is to blame for a failed attach', () => {
  it.each([
    ["ERROR: Error attaching probe: 'kprobe:klp_force_transition'", 'klp_force_transition'],
    ["ERROR: Error attaching probe: 'kretprobe:klp_module_going'", 'klp_module_going'],
    ['ERROR: Error attaching probe: kprobe:klp_shadow_free', 'klp_shadow_free'],
    ['ERROR: Error attaching probe: kprobe:klp_shadow_free_all', 'klp_shadow_free_all'],
    ['ERROR: Error loading program: kprobe:klp_update_patch_state (try -v)', 'klp_update_patch_state'],
    [
      'ERROR: Error loading BPF program for kprobe_klp_update_patch_state_1. Use -v for full kernel error log.',
      'klp_update_patch_state',
    ],
    ['/run/klpscope/klpscope.bt:1:41-63: ERROR: No matches for kprobe klp_patch_object.', 'klp_patch_object'],
  ])('%s', (error, culprit) => expect(culpritOf([error], script)?.name).toBe(culprit))

  it.each([
    'ERROR: Error loading program: interval:ms:50 (try -v)',
    'ERROR: Error loading BPF program for interval_ms_50_2. Use -v for full kernel error log.',
  ])('a timer of one set: %s', (error) => expect(culpritOf([error], script)?.name).toBe('shadow#1'))

  it('the block in whose line an error is', () => {
    const within = (timer?.line ?? 0) + 3
    for (const place of [`${within}:36-71`, `${within}-${within + 2}`]) {
      const error = `/run/klpscope/klpscope.bt:${place}: ERROR: Struct/union of type 'struct klp_patch' does not contain a field named 'nosuch'`
      expect(culpritOf([error], script)).toEqual({
        name: timer?.name,
        reason:
          "bpftrace could not attach it: Struct/union of type 'struct klp_patch' does not contain a field named 'nosuch'",
      })
    }
  })

  it.each([
    ['nothing', []],
    ['an error without a name', ['ERROR: Loading BPF object(s) failed.']],
    ['a timer of several sets', ['ERROR: Error loading program: interval:s:1 (try -v)']],
    ['a function that is not in the script', ["ERROR: Error attaching probe: 'kprobe:klp_ftrace_handler'"]],
    ['an error in BEGIN', ['/run/klpscope/klpscope.bt:2:1-3: ERROR: Undefined map: @x']],
  ])('nobody: %s', (_, errors) => expect(culpritOf(errors, script)).toBeNull())

  it('the first who is named', () =>
    expect(
      culpritOf(
        ['cannot attach kprobe, Invalid argument', 'ERROR: kprobe:klp_patch_object', 'kprobe:x'],
        script,
      )?.name,
    ).toBe('klp_patch_object'))
})
