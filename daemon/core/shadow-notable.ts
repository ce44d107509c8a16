import type { ShadowId } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

const known = new WeakMap<CoreState['shadow']['ids'], readonly ShadowId[]>()

/**
 * The ids that were left behind or whose count drifted. Rules ask for them with every snapshot, because time alone
 * changes what they say; of all ids they are few, and looked for once for each table.
 */
export const notableShadow = ({ shadow: { ids } }: CoreState): readonly ShadowId[] => {
  const notable =
    known.get(ids) ?? [...ids.values()].filter(({ left, drift }) => left !== null || drift !== null)
  known.set(ids, notable)
  return notable
}
