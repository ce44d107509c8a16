import type { LeftTask, SignalRound } from '../../daemon/contract/signal-round.ts'
import { formatCount } from '../../daemon/words/format.ts'
import { wayWords } from '../../daemon/words/words.ts'
import { Moment } from './time.tsx'

/** What each round of signals to the remaining tasks changed. */
export function SignalRounds({ rounds }: { rounds: SignalRound[] | undefined }) {
  if (rounds === undefined || rounds.length === 0) return null
  return (
    <>
      <h3>Signal rounds</h3>
      <ul class="gaps" data-testid="signal-rounds">
        {rounds.map((round) => (
          <li key={`${round.round} ${round.at}`}>
            <Moment time={round.at} /> {formatCount(round.blocked)} blocked before,{' '}
            {formatCount(round.leftTotal)} fewer since
            {round.left.length > 0 && <span class="muted">: {names(round)}</span>}
          </li>
        ))}
      </ul>
    </>
  )
}

function names({ left, leftTotal }: SignalRound): string {
  const more = leftTotal - left.length
  return left.map(text).join(', ') + (more > 0 ? `, and ${formatCount(more)} more` : '')
}

function text({ comm, tid, way }: LeftTask): string {
  return `${comm} (${tid}) ${way === null ? 'ended' : (wayWords[way] ?? way)}`
}
