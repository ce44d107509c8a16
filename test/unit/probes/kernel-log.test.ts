import { describe, expect, it } from 'vitest'
import { concernsLivepatching, parseKernelLog } from '../../../daemon/probes/kernel-log.ts'

/** Text of dmesg lines from Linux 6.1, 6.12 and 7.2, as /dev/kmsg hands them out. */
const record = (text: string, priority = 4) => `${priority},1234,93496370,-;${text}\n SUBSYSTEM=livepatch\n`

describe('kernel log', () => {
  it.each([
    [
      'livepatch: Livepatch patch (klpt_patch_old) is not compatible with the already installed livepatches.',
      { fact: 'state-incompatible', patch: 'klpt_patch_old' },
    ],
    [
      'livepatch: module klpt_patch_unmarked is not marked as a livepatch module',
      { fact: 'not-marked', patch: 'klpt_patch_unmarked' },
    ],
    [
      "livepatch: pre-patch callback failed for object 'klpt_target'",
      { fact: 'pre-patch-failed', object: 'klpt_target' },
    ],
    [
      "livepatch: symbol 'klpt_bystander_no_such_function' not found in symbol table",
      { fact: 'symbol-missing', symbol: 'klpt_bystander_no_such_function' },
    ],
    [
      "livepatch: unresolvable ambiguity for symbol 'show' in object 'vmlinux'",
      { fact: 'symbol-ambiguous', symbol: 'show', object: 'vmlinux' },
    ],
    [
      "livepatch: failed to register ftrace handler for function 'klpt_proc_show' (-16)",
      { fact: 'ftrace-failed', function: 'klpt_proc_show', errno: 16 },
    ],
    [
      "livepatch: failed to enable patch 'klpt_patch_fail'",
      { fact: 'enable-failed', patch: 'klpt_patch_fail' },
    ],
    [
      "livepatch: failed to initialize patch 'klpt_patch_missing' for module 'klpt_bystander' (-22)",
      { fact: 'module-failed', patch: 'klpt_patch_missing', object: 'klpt_bystander', errno: 22 },
    ],
    [
      "livepatch: patch 'klpt_patch_missing' failed for module 'klpt_bystander', refusing to load module 'klpt_bystander'",
      { fact: 'module-refused', patch: 'klpt_patch_missing', object: 'klpt_bystander' },
    ],
    [
      'klpt_patch_v1: Unknown symbol klpt_note_shadow (err -2)',
      { fact: 'loader-refused', module: 'klpt_patch_v1', text: 'Unknown symbol klpt_note_shadow (err -2)' },
    ],
  ])('reads %s', (text, fact) => {
    expect(parseKernelLog(record(text))).toEqual(fact)
    expect(concernsLivepatching(record(text))).toBe(true)
  })

  it.each([
    [
      'livepatch: klp_try_switch_task: klpt-sleeper:269 is sleeping on function klpt_sleep_in_function',
      { tid: 269, comm: 'klpt-sleeper', reason: 'sleeping-on-function', function: 'klpt_sleep_in_function' },
    ],
    [
      'livepatch: klp_try_switch_task: swapper/1:0 is running',
      { tid: 0, comm: 'swapper/1', reason: 'running', function: null },
    ],
    [
      'livepatch: klp_try_switch_task: a: b:7:8 has an unreliable stack',
      { tid: 8, comm: 'a: b:7', reason: 'unreliable-stack', function: null },
    ],
  ])('reads %s', (text, fact) => {
    expect(parseKernelLog(record(text, 7))).toEqual({ fact: 'blocked', ...fact })
    expect(concernsLivepatching(record(text, 7))).toBe(true)
  })

  it('forwards the rest of what livepatch says', () => {
    const enabling = record("livepatch: enabling patch 'klpt_patch_v1'", 5)
    expect(concernsLivepatching(enabling)).toBe(true)
    expect(parseKernelLog(enabling)).toBeNull()
  })

  it('leaves everything else alone', () => {
    expect(concernsLivepatching(record('EXT4-fs (vda1): mounted filesystem', 6))).toBe(false)
    expect(concernsLivepatching(record('klpt_patch_v1: pre_patch of klpt_target', 6))).toBe(false)
    expect(concernsLivepatching('garbage')).toBe(false)
  })
})
