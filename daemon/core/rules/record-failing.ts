import { shellQuoteFile } from '../../words/shell-quote.ts'
import type { Condition, Rule } from './rule.ts'

/** What happens is observed, but not kept; or what was kept before had to be put aside. */
export const recordFailing: Rule = {
  name: 'record-failing',
  on: ['record-failed', 'record-resumed', 'record-renewed', 'tracer-started'],
  holds: ({ record }) => {
    const conditions: Condition[] = []
    if (record.status === 'failing') {
      conditions.push({
        severity: 'warning',
        subject: 'record',
        summary: `the record is not being written: ${record.reason}`,
        advice: record.remedy ?? '',
        evidence: [],
      })
    }
    if (record.setAside !== null) {
      conditions.push({
        severity: 'warning',
        subject: 'damaged record',
        summary: `the record was damaged and a new one was begun; the old one is ${record.setAside}`,
        advice: `What is still readable: sqlite3 ${shellQuoteFile(record.setAside)} .recover`,
        evidence: [],
      })
    }
    return conditions
  },
}
