import { countsShadow } from '../../contract/shadow-probes.ts'
import type { ShadowId } from '../../contract/state.ts'
import type { CoreState } from '../core-state.ts'
import { notableShadow } from '../shadow-notable.ts'
import { millisecondsBetween, parseTime } from '../time.ts'
import type { Rule } from './rule.ts'

/**
 * A patch's last callbacks may free its variables: a count that came after them knows. None comes while nothing
 * changes; then what was counted last is still true a moment later.
 */
const patienceMs = 2_000
/** An owner that was not found at once is looked for again (daemon/sources/shadow-callers.ts). */
const lookUpMs = 6_000
/** Where nothing is counted, a walk of the hash has to have begun after: it takes 2 s and a little (bpf/tracer/shadow-pass.c). */
const walkNs = 5_000_000_000n

/** Shadow variables whose patch is gone, and that no patch in place is known to look after. */
export const shadowLeftBehind: Rule = {
  name: 'shadow-left-behind',
  on: [
    'shadow-counts',
    'tasks-observed',
    'patches-observed',
    'patch-loading',
    'transition-started',
    'transition-completed',
    'patch-disabled',
    'patch-released',
    'ftrace-sites-observed',
    'tracer-started',
    'tracer-gap',
  ],
  holds: (state) =>
    notableShadow(state).flatMap((of) => {
      const { id, live, left } = of
      if (!live || left === null) return []
      if (!isCounted(state, of, left)) return []
      return [
        {
          severity: 'warning' as const,
          subject: id,
          summary: `shadow id ${id}${owned(of)}: ${howMany(of)} ${of.suspects ? 'probably ' : ''}left behind, no patch in place uses ${live === 1 ? 'it' : 'them'}`,
          advice: `Load a patch that takes the id over or calls klp_shadow_free_all(${id}, …). Until then the memory stays taken, and a later patch may find old data of an object that is gone, under the address of a new one.`,
          evidence: [left.seq],
        },
      ]
    }),
}

/** Callbacks may still run while a transition does, and an owner that is not known may be found a little later. */
const isCounted = (
  state: CoreState,
  { suspects }: ShadowId,
  { since, sinceMonoNs }: NonNullable<ShadowId['left']>,
): boolean => {
  const { countedMonoNs, checkedAt } = state.shadow
  if (state.transition) return false
  if (!countsShadow(state.tracer.probeSets))
    return checkedAt !== null && parseTime(checkedAt) - parseTime(since) >= walkNs
  if (!suspects && countedMonoNs !== null && BigInt(countedMonoNs) > BigInt(sinceMonoNs)) return true
  return millisecondsBetween(sinceMonoNs, state.monoNs) >= (suspects ? lookUpMs : patienceMs)
}

const owned = ({ owner, users, suspects }: ShadowId): string => {
  if (suspects)
    return suspects.length > 0
      ? ` (its owner was not seen; it can only be ${suspects.join(' or ')}, which ${suspects.length === 1 ? 'is' : 'are'} gone)`
      : ' (its owner was not seen, and no livepatch was in place)'
  const others = users.filter((user) => user !== owner)
  return `${owner === null ? '' : ` of ${owner}`}${others.length > 0 ? `, also used by ${others.join(', ')}` : ''}`
}

const howMany = ({ live, liveBytes }: ShadowId): string =>
  `${live} variable${live === 1 ? '' : 's'}${liveBytes === null ? '' : ` (${liveBytes} bytes)`}`
