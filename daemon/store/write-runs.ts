import type Database from 'better-sqlite3'
import { parseTime } from '../core/time.ts'
import type { TableWriter } from './table-writer.ts'

/** Tables runs and clock_mappings. */
export const createRunWriter = (database: Database.Database): TableWriter => {
  const insertRun = database.prepare(
    `INSERT INTO runs (id, boot_id, hostname, kernel, cpus, version, started_ns, started_mono_ns)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
  const endRuns = database.prepare('UPDATE runs SET ended_ns = ?, end_reason = ? WHERE ended_ns IS NULL')
  const insertMapping = database.prepare(
    `INSERT INTO clock_mappings (seq, boot_id, mono_ns, offset_ns, cause, suspended_ns) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  )
  const nameBoot = database.prepare('UPDATE clock_mappings SET boot_id = ? WHERE boot_id IS NULL AND seq < ?')
  /** The first mapping of a run comes before its start, when the boot is not known yet. */
  let bootId: string | null = null
  return {
    take: (before, { event }, timeNs) => {
      switch (event.kind) {
        case 'tracer-started':
          endRuns.run(parseTime(before.time), 'not seen')
          insertRun.run(
            event.seq,
            event.bootId,
            event.hostname,
            event.kernel,
            event.cpus,
            event.version,
            timeNs,
            BigInt(event.monoNs),
          )
          bootId = event.bootId
          nameBoot.run(bootId, event.seq)
          break
        case 'tracer-stopped':
          endRuns.run(timeNs, event.reason)
          bootId = null
          break
        case 'clock-mapped':
          insertMapping.run(
            event.seq,
            bootId ?? (before.tracer.status === 'stopped' ? null : (before.host?.bootId ?? null)),
            BigInt(event.monoNs),
            BigInt(event.offsetNs),
            event.cause ?? null,
            event.suspendedNs === undefined ? null : BigInt(event.suspendedNs),
          )
          break
      }
    },
  }
}
