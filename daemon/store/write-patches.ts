import type Database from 'better-sqlite3'
import type { InventoriedPatch } from '../contract/inventory.ts'
import type { Patch } from '../contract/state.ts'
import { parseTime } from '../core/time.ts'
import type { TableWriter } from './table-writer.ts'

/** A patch that is not gone yet, and what was last written of it. */
type Life = { id: number | bigint; data: string; inventory: string | null }

/** Table patches, and with it the views objects, functions, callbacks and patch_states. */
export const createPatchWriter = (database: Database.Database): TableWriter => {
  const insert = database.prepare(
    'INSERT INTO patches (name, state, first_ns, since_ns, data, inventory) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const update = database.prepare(
    'UPDATE patches SET state = ?, since_ns = ?, data = ?, inventory = ? WHERE id = ?',
  )
  const end = database.prepare('UPDATE patches SET gone_ns = ? WHERE id = ?')
  const lives = new Map<string, Life>()
  const open = database
    .prepare('SELECT id, name, data, inventory FROM patches WHERE gone_ns IS NULL ORDER BY id')
    .all() as (Life & { name: string })[]
  for (const { name, ...life } of open) lives.set(name, life)

  const leave = (name: string, timeNs: bigint): void => {
    const life = lives.get(name)
    if (!life) return
    end.run(timeNs, life.id)
    lives.delete(name)
  }

  const write = (patch: Patch, inventoried: InventoriedPatch | undefined, timeNs: bigint): void => {
    const life = lives.get(patch.name)
    const data = JSON.stringify(patch)
    const inventory = inventoried ? JSON.stringify(inventoried) : (life?.inventory ?? null)
    if (life?.data === data && life.inventory === inventory) return
    const sinceNs = patch.since === null ? null : parseTime(patch.since)
    const id = life
      ? life.id
      : insert.run(patch.name, patch.state, timeNs, sinceNs, data, inventory).lastInsertRowid
    if (life) update.run(patch.state, sinceNs, data, inventory, id)
    lives.set(patch.name, { id, data, inventory })
  }

  return {
    take: (before, { event, state }, timeNs) => {
      if (event.kind === 'patch-loading') leave(event.patch, timeNs)
      const { inventory } = state.functions
      if (state.patches === before.patches && inventory === before.functions.inventory) return
      const there = new Set(state.patches.map((patch) => patch.name))
      for (const name of [...lives.keys()]) if (!there.has(name)) leave(name, timeNs)
      for (const patch of state.patches)
        write(
          patch,
          inventory?.find((each) => each.name === patch.name),
          timeNs,
        )
    },
  }
}
