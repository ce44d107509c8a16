import type Database from 'better-sqlite3'
import { parseTime } from '../core/time.ts'
import type { TableWriter } from './table-writer.ts'

/** Table findings. */
export const createFindingWriter = (database: Database.Database): TableWriter => {
  const upsert = database.prepare(
    `INSERT INTO findings (id, rule, severity, subject, opened_ns, closed_ns, data) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, closed_ns = excluded.closed_ns, data = excluded.data`,
  )
  return {
    take: (_before, { effects }) => {
      for (const effect of effects) {
        if (effect.kind !== 'finding-changed') continue
        const { finding } = effect
        upsert.run(
          finding.id,
          finding.rule,
          finding.severity,
          finding.subject,
          parseTime(finding.openedAt),
          finding.closedAt === null ? null : parseTime(finding.closedAt),
          JSON.stringify(finding),
        )
      }
    },
  }
}
