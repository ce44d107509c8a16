import type Database from 'better-sqlite3'
import type { TransitionReport } from '../../../daemon/contract/report.ts'
import { buildReport } from '../../../daemon/report/build-report.ts'
import { readEvidence } from '../../../daemon/report/read-evidence.ts'

/** The report of a transition that the record is known to hold. */
export const reportOf = (database: Database.Database, id?: string): TransitionReport => {
  const evidence = readEvidence(database, id)
  if (!evidence) throw new Error(`there is no transition ${id}`)
  return buildReport(evidence, '0.1.0')
}
