import { memo } from 'preact/compat'
import { useMemo, useState } from 'preact/hooks'
import type { Event } from '../../daemon/contract/event.ts'
import { describeEvent } from '../../daemon/words/describe-event.ts'
import { formatDuration, plural } from '../../daemon/words/format.ts'
import { type EventFamily, familyLabels, familyOf } from '../event-family.ts'
import { inTimeOrder, type OrderedEvent } from '../event-order.ts'
import { Empty, Section } from './section.tsx'
import { MomentLink } from './time.tsx'

const page = 25
const allFamilies = Object.keys(familyLabels) as EventFamily[]

/** An event of an unforeseen shape costs its sentence, not the list. */
function sentence(event: Event): string {
  try {
    return describeEvent(event)
  } catch {
    return `${event.kind} (its fields could not be read).`
  }
}

/** What happened, newest first. Measurements come each second and are hidden until asked for. */
export function Events({ events }: { events: Event[] }) {
  const [families, setFamilies] = useState<ReadonlySet<EventFamily>>(
    () => new Set(allFamilies.filter((family) => family !== 'measurement')),
  )
  const [text, setText] = useState('')
  const [limit, setLimit] = useState(page)
  /** The list as it was when the reader asked it to hold still. */
  const [held, setHeld] = useState<Event[] | null>(null)
  const source = held ?? events
  const ordered = useMemo(() => inTimeOrder(source), [source])
  const matching = useMemo(() => filterEvents(ordered, families, text), [ordered, families, text])
  const heldFrom = held?.[0]?.seq ?? 0
  const waiting = held === null ? 0 : events.filter((event) => event.seq > heldFrom).length

  function toggle(family: EventFamily) {
    const next = new Set(families)
    if (!next.delete(family)) next.add(family)
    setFamilies(next)
  }

  return (
    <Section
      id="events"
      title="Newest events"
      aside={
        <button
          type="button"
          class="button"
          aria-pressed={held !== null}
          onClick={() => setHeld(held ? null : events)}
        >
          {held === null ? 'Hold' : `Held, ${waiting} newer: go on`}
        </button>
      }
    >
      <div class="filters">
        <fieldset>
          <legend class="visually-hidden">Kinds of events</legend>
          {allFamilies.map((family) => (
            <label key={family} class="chip">
              <input type="checkbox" checked={families.has(family)} onChange={() => toggle(family)} />
              {familyLabels[family]}
            </label>
          ))}
        </fieldset>
        <input
          type="search"
          aria-label="Text in events"
          placeholder="Filter by text, e.g. a tid or a function"
          value={text}
          onInput={(input) => setText(input.currentTarget.value)}
        />
      </div>
      <ol class="events" data-testid="events">
        {matching.slice(0, limit).map(({ event, lateMs }) => (
          <EventRow key={event.seq} event={event} lateMs={lateMs} />
        ))}
      </ol>
      {matching.length === 0 && (
        <Empty>
          {events.length === 0
            ? 'No event has arrived yet.'
            : `None of the newest ${plural(source.length, 'event')} matches. Widen the filter, or search the whole record: klpscope export --format ndjson`}
        </Empty>
      )}
      {matching.length > limit && (
        <button type="button" class="button" onClick={() => setLimit(limit + page)}>
          Show {Math.min(page, matching.length - limit)} older
        </button>
      )}
    </Section>
  )
}

function filterEvents(
  events: OrderedEvent[],
  families: ReadonlySet<EventFamily>,
  text: string,
): OrderedEvent[] {
  const wanted = text.trim().toLowerCase()
  return events.filter(
    ({ event }) =>
      families.has(familyOf(event.kind)) &&
      (wanted === '' || `${event.kind} ${event.seq} ${sentence(event)}`.toLowerCase().includes(wanted)),
  )
}

const EventRow = memo(function EventRow({ event, lateMs }: OrderedEvent) {
  return (
    <li data-testid="event-row" data-kind={event.kind} data-seq={event.seq}>
      <MomentLink time={event.time} seq={event.seq} />
      <span class="event-text">
        {sentence(event)}
        {lateMs > 0 && <span class="muted"> Read {formatDuration(lateMs)} late.</span>}
      </span>
      <span class="event-kind">{event.kind}</span>
    </li>
  )
})
