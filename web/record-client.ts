import type {
  RecordInfo,
  StepDirection,
  StepTarget,
  Timeline,
  TimelineStep,
} from '../daemon/contract/timeline.ts'
import { visibleStrings } from '../daemon/words/visible-text.ts'
import { type Moment, momentQuery } from './moment.ts'
import { type Parsed, parseMessage } from './parse-message.ts'

/** What could not be had, in a sentence. */
export class RecordError extends Error {
  /** The server answered: it has no such thing. */
  readonly isAnswer: boolean
  constructor(message: string, isAnswer: boolean) {
    super(message)
    this.isAnswer = isAnswer
  }
}

/** Questions to the API about the record. Each rejects with a RecordError. */
export type RecordClient = {
  record: () => Promise<RecordInfo>
  timeline: (from: number, to: number) => Promise<Timeline>
  snapshot: (moment: Moment) => Promise<Parsed>
  step: (moment: Moment | null, direction: StepDirection, to: StepTarget) => Promise<TimelineStep>
}

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** @param base where the record's API lies, such as `/api/v1` */
export function createRecordClient(base: string): RecordClient {
  const ask = async (path: string, patienceMs = 20_000): Promise<string> => {
    let response: Response
    let text: string
    try {
      response = await fetch(`${base}/${path}`, { signal: AbortSignal.timeout(patienceMs) })
      text = await response.text()
    } catch {
      throw new RecordError('No answer from klpscope.', false)
    }
    if (response.ok) return text
    const said = visibleStrings(parseJson(text))
    throw new RecordError(
      isFields(said) && typeof said.error === 'string'
        ? said.error
        : `klpscope answered with ${response.status}.`,
      response.status < 500,
    )
  }
  const askFor = async <T>(
    path: string,
    fits: (value: Fields) => boolean,
    patienceMs?: number,
  ): Promise<T> => {
    const value = visibleStrings(parseJson(await ask(path, patienceMs)))
    if (!isFields(value) || !fits(value))
      throw new RecordError('An answer of another shape: reload the page.', true)
    return value as T
  }
  const time = (ms: number) => encodeURIComponent(new Date(ms).toISOString())
  return {
    // The page begins with it: a record in trouble must not keep the present from being shown.
    record: () => askFor('record', (it) => typeof it.live === 'boolean' && Array.isArray(it.runs), 4_000),
    timeline: (from, to) =>
      askFor(`timeline?from=${time(from)}&to=${time(to)}`, (it) =>
        [it.transitions, it.findings, it.gaps].every(Array.isArray),
      ),
    snapshot: async (moment) => parseMessage(await ask(`snapshot?${momentQuery(moment)}`)),
    step: (moment, direction, to) =>
      askFor(
        `timeline/step?direction=${direction}&to=${to}${moment === null ? '' : `&${momentQuery(moment)}`}`,
        (it) => typeof it.seq === 'number' && typeof it.time === 'string',
      ),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
