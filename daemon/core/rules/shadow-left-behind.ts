import type { ShadowId } from '../../contract/state.ts'
import { notableShadow } from '../shadow-notable.ts'
import { millisecondsBetween } from '../time.ts'
import type { Rule } from './rule.ts'

/** A patch's last callbacks may free its variables, which the counts show a second later. */
const patienceMs = 5_000

/** Shadow variables whose patch is gone, and that no patch in place is known to look after. */
export const shadowLeftBehind: Rule = {
  name: 'shadow-left-behind',
  on: [
    'shadow-counts',
    'tasks-observed',
    'patches-observed',
    'patch-loading',
    'transition-started',
    'tracer-started',
    'tracer-gap',
  ],
  holds: (state) =>
    notableShadow(state).flatMap((of) => {
      const { id, live, left } = of
      if (!live || left === null) return []
      if (millisecondsBetween(left.sinceMonoNs, state.monoNs) < patienceMs) return []
      return [
        {
          severity: 'warning' as const,
          subject: id,
          summary: `shadow id ${id}${owned(of)}: ${howMany(of)} left behind, no patch in place uses ${live === 1 ? 'it' : 'them'}`,
          advice: `Load a patch that takes the id over or calls klp_shadow_free_all(${id}, …). Until then the memory stays taken, and a later patch may find old data of an object that is gone, under the address of a new one.`,
          evidence: [left.seq],
        },
      ]
    }),
}

const owned = ({ owner, users }: ShadowId): string => {
  const others = users.filter((user) => user !== owner)
  return `${owner === null ? '' : ` of ${owner}`}${others.length > 0 ? `, also used by ${others.join(', ')}` : ''}`
}

const howMany = ({ live, liveBytes }: ShadowId): string =>
  `${live} variable${live === 1 ? '' : 's'}${liveBytes === null ? '' : ` (${liveBytes} bytes)`}`
