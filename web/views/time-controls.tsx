import type { StepTarget } from '../../daemon/contract/timeline.ts'
import type { Travel } from '../travel.ts'
import { Chevron } from './icons.tsx'

const targets: [StepTarget, string, string][] = [
  ['event', 'Event', '← →'],
  ['finding', 'Finding', 'Shift ← →'],
  ['transition', 'Transition', '[ ]'],
]

/** To the next and previous of what is worth a look. */
export function TimeSteps({ travel, isPast }: { travel: Travel; isPast: boolean }) {
  return (
    <div class="time-steps">
      {targets.map(([target, label, keys]) => (
        <span class="joined" key={target}>
          <button
            type="button"
            class="button"
            aria-label={`Previous ${target}`}
            title={`Previous ${target} (keys: ${keys})`}
            onClick={() => travel.step('previous', target)}
          >
            <span class="turned">
              <Chevron />
            </span>
          </button>
          <span class="joined-label">{label}</span>
          <button
            type="button"
            class="button"
            aria-label={`Next ${target}`}
            title={`Next ${target} (keys: ${keys})`}
            disabled={!isPast}
            onClick={() => travel.step('next', target)}
          >
            <Chevron />
          </button>
        </span>
      ))}
    </div>
  )
}

const speeds = [0.1, 1, 5, 20, 60, 600]

/** Lets the record run, at any speed. */
export function TimePlay({
  travel,
  speed,
  isPlaying,
}: {
  travel: Travel
  speed: number
  isPlaying: boolean
}) {
  const choices = speeds.includes(speed) ? speeds : [...speeds, speed].sort((a, b) => a - b)
  return (
    <span class="joined">
      <button
        type="button"
        class="button play"
        title={`${isPlaying ? 'Pause' : 'Play'} (key: space)`}
        data-testid="play"
        onClick={() => travel.play(!isPlaying)}
      >
        {isPlaying ? 'Pause' : 'Play'}
      </button>
      <select
        class="button"
        aria-label="Speed"
        value={String(speed)}
        onChange={(event) => travel.setSpeed(Number(event.currentTarget.value))}
      >
        {choices.map((choice) => (
          <option key={choice} value={String(choice)}>
            {choice}×
          </option>
        ))}
      </select>
    </span>
  )
}
