import type { RawBody } from '../probes/raw-record.ts'
import type { Store, StoreOptions } from './store.ts'

type RecordNews = Extract<RawBody, { source: 'record' }>

/**
 * What becomes of the record is itself something that happens: on the timeline, on the page, and in the record once it
 * can be written again.
 */
export const createRecordNews = (
  tell: (news: RecordNews) => void,
): Pick<StoreOptions, 'onFailing' | 'onRecovered' | 'onRenewed'> & {
  /** How the record was found, when a run begins. */
  tellOpening: (store: Store) => void
} => {
  const onFailing = (error: Error & { remedy?: string }): void =>
    tell({
      source: 'record',
      what: 'failed',
      reason: error.message,
      remedy: error.remedy ?? 'See the log of the daemon.',
    })
  const onRenewed: StoreOptions['onRenewed'] = (renewal) =>
    tell({ source: 'record', what: 'renewed', ...renewal })
  return {
    onFailing,
    onRecovered: (lost) => tell({ source: 'record', what: 'resumed', lost }),
    onRenewed,
    tellOpening: ({ queue, opening }) => {
      const { failure } = queue.status()
      if (failure) onFailing(failure)
      if (opening.renewal) onRenewed(opening.renewal)
    },
  }
}
