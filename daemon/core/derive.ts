import { Map as AnyMap, Set as AnySet, OrderedMap } from 'immutable'
import type { RuleName } from '../contract/finding.ts'
import type { BlockedTask } from '../contract/state.ts'
import type { CoreState, Derived } from './core-state.ts'

/** What follows from a state that was stored without it. */
export const derive = ({ blocked, findings }: Pick<CoreState, 'blocked' | 'findings'>): Derived => {
  let blamed: Derived['blamed'] = AnyMap()
  for (const [key, task] of blocked) blamed = blame(blamed, key, undefined, task)
  let findingIds: Derived['findingIds'] = AnyMap()
  for (const { rule, subject, id } of findings.values())
    findingIds = openFinding(findingIds, rule, subject, id)
  return { unchecked: null, blamed, findingIds }
}

/** Keeps `blamed` true when what is known of a blocked task changes; undefined: it is not blocked. */
export const blame = (
  blamed: Derived['blamed'],
  key: number,
  before: BlockedTask | undefined,
  now: BlockedTask | undefined,
): Derived['blamed'] => {
  const [was, is] = [before?.blame ?? null, now?.blame ?? null]
  if (was === is) return blamed
  let next = blamed
  if (was !== null) {
    const rest = next.get(was)?.delete(key)
    next = rest && rest.size > 0 ? next.set(was, rest) : next.delete(was)
  }
  return is === null ? next : next.update(is, AnySet<number>(), (keys) => keys.add(key))
}

export const openFinding = (
  ids: Derived['findingIds'],
  rule: RuleName,
  subject: string,
  id: string,
): Derived['findingIds'] =>
  ids.update(rule, OrderedMap<string, string>(), (bySubject) => bySubject.set(subject, id))

export const closeFinding = (
  ids: Derived['findingIds'],
  rule: RuleName,
  subject: string,
): Derived['findingIds'] => {
  const rest = ids.get(rule)?.delete(subject)
  return rest && rest.size > 0 ? ids.set(rule, rest) : ids.delete(rule)
}
