import { shellQuote } from '../../words/shell-quote.ts'
import type { Rule } from './rule.ts'

/** A release takes milliseconds; a module still referenced after this is kept by something. */
const patienceNs = 60_000_000_000n

/** A replaced patch whose module cannot be removed. */
export const replacedModulePinned: Rule = {
  name: 'replaced-module-pinned',
  on: ['tasks-observed', 'patches-observed', 'tracer-started'],
  holds: (state) =>
    state.patches
      .filter(
        (patch) =>
          patch.replacedBy !== null &&
          (patch.state === 'replaced' || patch.state === 'released') &&
          (patch.refcount ?? 0) > 0 &&
          patch.sinceMonoNs !== null &&
          BigInt(state.monoNs) - BigInt(patch.sinceMonoNs) > patienceNs,
      )
      .map((patch) => ({
        severity: 'info' as const,
        subject: patch.name,
        summary: `${patch.name} was replaced by ${patch.replacedBy}, but its module cannot be removed: ${patch.refcount} reference${patch.refcount === 1 ? '' : 's'}`,
        advice: patch.forced
          ? 'A transition was forced while it was in place: the kernel keeps its module until reboot.'
          : `See what holds it: ls ${shellQuote(`/sys/module/${patch.name}/holders`)}`,
        evidence: [],
      })),
}
