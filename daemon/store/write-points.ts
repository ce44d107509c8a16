import type Database from 'better-sqlite3'
import { parseTime } from '../core/time.ts'
import { resolutions } from './resolutions.ts'
import type { TableWriter } from './table-writer.ts'

/** Tables series, points_1s, points_1min and points_1h. */
export const createPointWriter = (database: Database.Database): TableWriter => {
  const insertSeries = database.prepare('INSERT INTO series (name) VALUES (?) ON CONFLICT DO NOTHING')
  const findSeries = database.prepare('SELECT id FROM series WHERE name = ?').pluck()
  const tables = resolutions.map(({ table, stepNs }) => ({
    stepNs,
    value: database.prepare(
      `INSERT INTO ${table} (series_id, start_ns, last_ns, last, min, max, sum, count)
       VALUES (@series, @startNs, @timeNs, @value, @value, @value, @value, 1)
       ON CONFLICT DO UPDATE SET
         last = CASE WHEN last_ns > excluded.last_ns THEN last ELSE excluded.last END,
         last_ns = max(coalesce(last_ns, 0), excluded.last_ns),
         min = min(coalesce(min, excluded.min), excluded.min),
         max = max(coalesce(max, excluded.max), excluded.max),
         sum = coalesce(sum, 0) + excluded.sum,
         count = count + 1,
         end_ns = CASE WHEN end_ns > excluded.last_ns THEN end_ns END`,
    ),
    end: database.prepare(
      `INSERT INTO ${table} (series_id, start_ns, count, end_ns) VALUES (@series, @startNs, 0, @timeNs)
       ON CONFLICT DO UPDATE SET end_ns = excluded.end_ns`,
    ),
  }))
  const known = new Map<string, number>()
  const seriesId = (name: string): number => {
    const found = known.get(name)
    if (found !== undefined) return found
    insertSeries.run(name)
    const id = findSeries.get(name) as number
    known.set(name, id)
    return id
  }
  return {
    take: (_before, { effects }) => {
      for (const effect of effects) {
        if (effect.kind !== 'point') continue
        const series = seriesId(effect.name)
        const timeNs = parseTime(effect.time)
        for (const { stepNs, value, end } of tables) {
          const startNs = timeNs - (timeNs % stepNs)
          if (effect.value === null) end.run({ series, startNs, timeNs })
          else value.run({ series, startNs, timeNs, value: effect.value })
        }
      }
    },
  }
}
