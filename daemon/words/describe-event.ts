import type { Event, EventOf } from '../contract/event.ts'
import type { Basis } from '../contract/event-parts.ts'
import type { LossPlace } from '../contract/loss-place.ts'
import { seenWithout } from '../contract/seen-without.ts'
import { describeCustomEvent } from './describe-custom-event.ts'
import { describeFunctionEvent } from './describe-function-event.ts'
import { describeShadowEvent } from './describe-shadow-event.ts'
import { formatDuration, plural } from './format.ts'
import { gapText } from './gaps.ts'
import { requesterText, targetWord, wayWords } from './words.ts'

const task = (event: { comm: string; tid: number }) => `${event.comm} (${event.tid})`
const by = (event: { comm?: string | undefined; pid?: number | undefined }) =>
  event.comm === undefined ? 'Someone' : `${event.comm} (${event.pid ?? '?'})`
const because = (text: string | undefined) => (text === undefined ? '' : `: ${text}`)

const clockMapped = ({ offsetNs, cause, suspendedNs }: EventOf<'clock-mapped'>) => {
  const mapped = `wall clock = monotonic clock + ${offsetNs} ns`
  if (cause === 'suspended')
    return `The host slept for ${formatDuration(Number(suspendedNs) / 1e6)}; now ${mapped}.`
  if (cause === 'set') return `The wall clock was set; now ${mapped}.`
  return cause === 'drifted' ? `The clocks have drifted apart; now ${mapped}.` : `Clocks compared: ${mapped}.`
}

/** The log's lines are found up to 0.2 s after they were written. */
const basis = (event: { basis?: Basis | undefined }) =>
  event.basis === 'kernel-log' ? ', by the kernel log' : ''

const lostWhere: Record<LossPlace, string> = {
  kernel: 'before it reached the daemon',
  'line-queue': 'unread: the daemon could not keep up',
  admission: 'as events came faster than they could be recorded',
  'record-queue': 'for lack of room while the record could not be written',
  stop: 'so that the daemon could stop in time',
  killed: 'when an earlier run of the daemon ended before they were recorded',
}

const eventsLost = ({ count, source, place, reason }: EventOf<'events-lost'>): string => {
  const were = count === 1 ? 'was' : 'were'
  return place === undefined
    ? `${plural(count, 'event')} from ${source} ${were} lost${because(reason)}.`
    : `${plural(count, 'event')} ${were} lost ${lostWhere[place]}.`
}

/** What happened, as one sentence. The switch is exhaustive: a new kind in the contract fails the type check here. */
export function describeEvent(event: Event): string {
  switch (event.kind) {
    case 'tracer-started':
      return `The tracer ${event.version} started on ${event.hostname}, kernel ${event.kernel}, ${plural(event.cpus, 'CPU')}.`
    case 'tracer-attached':
      return tracerAttached(event)
    case 'tracer-stopped':
      return `The tracer stopped: ${event.reason}.`
    case 'tracer-gap':
      return `For ${formatDuration(gapMs(event))} ${gapText({ ...event, seen: seenWithout(event.source) })}.`
    case 'events-lost':
      return eventsLost(event)
    case 'record-failed':
      return `The record cannot be written: ${event.reason}.`
    case 'record-resumed':
      return `The record is being written again${event.lost > 0 ? `; ${plural(event.lost, 'event')} could not be kept` : '; nothing was lost'}.`
    case 'record-renewed':
      return `The record was begun anew: ${event.reason}${event.setAside === null ? '' : `; the old one is ${event.setAside}`}.`
    case 'decode-failed':
      return `A record of ${event.source} could not be read (${event.error}): ${event.raw}`
    case 'overhead-measured':
      return `In ${formatDuration(event.windowMs)} the daemon used ${formatDuration(event.daemonMs)} of CPU time, its tracers ${formatDuration(event.tracersMs)}.`
    case 'clock-mapped':
      return clockMapped(event)
    case 'patches-observed':
      return `sysfs shows ${plural(event.patches.length, 'patch', 'patches')}${because(event.patches.map((patch) => patch.name).join(', ') || undefined)}.`
    case 'patches-inventoried':
    case 'ftrace-sites-observed':
    case 'function-counting-changed':
    case 'function-calls':
      return describeFunctionEvent(event)
    case 'patch-loading':
      return `${by(event)} is loading ${event.patch}${event.version === undefined ? '' : `, version ${event.version}`}${event.replace ? ', to replace all older patches' : ''}.`
    case 'patch-load-refused':
      return `The kernel refused to load ${event.patch}${event.errno === undefined ? '' : ` (error ${event.errno})`}: ${event.cause}.`
    case 'patch-enabled':
      return `${event.patch} is enabled.`
    case 'patch-replaced':
      return `${event.patch} was replaced by ${event.by}${event.forced ? '; since a transition was forced, its module stays until reboot' : ''}.`
    case 'patch-disabled':
      return `${event.patch} is disabled.`
    case 'patch-released':
      return `${event.patch} was released: the kernel's livepatch code is done with its module.`
    case 'transition-started':
      return transitionStarted(event)
    case 'transition-completed':
      return `The transition of ${event.patch} completed${basis(event)}: every task is ${targetWord(event.direction)}.`
    case 'transition-cancelled':
      return `The transition of ${event.patch} (${event.direction}) was cancelled${basis(event)}${because(event.cause)}.`
    case 'transition-reversed':
      return `The transition of ${event.patch} was reversed${basis(event)}; it is now ${event.direction}.`
    case 'transition-forced':
      return `The transition of ${event.patch} was forced${basis(event)}: the remaining tasks were declared ${targetWord(event.direction)}.`
    case 'transition-tried':
      return `The first try to switch all tasks of ${event.patch} ended; those that remain are tried again about once a second.`
    case 'transition-finishing':
      return `Every task is ${targetWord(event.direction)}; the kernel is finishing the transition of ${event.patch}.`
    case 'transition-signalled':
      return `The kernel signalled the blocked tasks of ${event.patch}, round ${event.round}.`
    case 'task-switched':
      return `${task(event)} switched ${wayWords[event.way]}; it is now ${patchStateWord(event.to)}.`
    case 'tasks-switched':
      return tasksSwitched(event)
    case 'task-blocked':
      return `${task(event)} did not switch: ${blockedCause(event)}.`
    case 'task-inspected':
      return taskInspected(event)
    case 'task-tries':
      return `${plural(event.tries.length, 'blocked task')} tried again.`
    case 'tasks-observed':
      return tasksObserved(event)
    case 'object-patched':
      return `${event.object} is patched by ${event.patch}.`
    case 'object-unpatched':
      return `${event.object} is no longer patched by ${event.patch}.`
    case 'module-coming':
      return `Module ${event.object} is being loaded under the enabled patches.`
    case 'module-going':
      return `Module ${event.object} is being removed.`
    case 'module-refused':
      return `Module ${event.object} was refused${event.errno === undefined ? '' : ` (error ${event.errno})`}: ${event.cause}.`
    case 'callbacks-registered':
      return `${event.patch} has ${event.callbacks.length === 0 ? 'no callbacks' : event.callbacks.join(', ')} for ${event.object}.`
    case 'callback-entered':
      return `${event.patch} runs its ${event.callback} callback for ${event.object}${event.basis === 'inferred' ? " (inferred from the kernel's steps)" : ''}.`
    case 'callback-called':
      return `${event.patch} ran its ${event.callback} callback for ${event.object}${event.returned === undefined ? '' : `, which returned ${event.returned}`}${event.basis === 'inferred' ? " (inferred from the kernel's steps)" : ''}.`
    case 'callback-skipped':
      return `${event.patch} did not run its ${event.callback} callback for ${event.object}: ${event.cause}.`
    case 'state-registered':
      return `${event.patch} registered klp_state ${event.id}, version ${event.version}.`
    case 'shadow-allocated':
    case 'shadow-found':
    case 'shadow-duplicate':
    case 'shadow-alloc-failed':
    case 'shadow-freed':
    case 'shadow-freed-all':
    case 'shadow-free-missed':
    case 'shadow-adopted':
    case 'shadow-checked':
    case 'shadow-counts':
      return describeShadowEvent(event)
    case 'custom':
      return describeCustomEvent(event)
    default:
      return unknownKind(event)
  }
}

/** Only a newer daemon gets here. */
function unknownKind(event: never): string {
  return `${(event as Event).kind} (this page does not know this kind of event; reload it).`
}

function gapMs(event: EventOf<'tracer-gap'>): number {
  return Number((BigInt(event.toMonoNs) - BigInt(event.fromMonoNs)) / 1000n) / 1000
}

function patchStateWord(state: number): string {
  if (state === 1) return 'patched'
  return state === 0 ? 'unpatched' : 'not part of a transition'
}

function tracerAttached(event: EventOf<'tracer-attached'>): string {
  const missing = event.probeSets.filter((set) => !set.available).map((set) => set.name)
  const lost = event.probeSets.flatMap((set) => set.lost?.map(({ name }) => name) ?? [])
  if (missing.length === event.probeSets.length)
    return `No probe set sees anything${because(event.probeSets[0]?.reason)}.`
  if (missing.length === 0 && lost.length > 0)
    return `All ${plural(event.probeSets.length, 'probe set')} attached, but not on ${lost.join(', ')}.`
  if (missing.length === 0)
    return `All ${plural(event.probeSets.length, 'probe set')} attached; nothing is missed from here on.`
  return `${event.probeSets.length - missing.length} of ${plural(event.probeSets.length, 'probe set')} attached; missing: ${missing.join(', ')}.`
}

function transitionStarted(event: EventOf<'transition-started'>): string {
  const verb = event.adopted ? 'was already running when the tracer came' : 'started'
  const replace = event.replace === true ? ', replacing all older patches' : ''
  const by = event.requester === undefined ? '' : `, requested by ${requesterText(event.requester)}`
  return `The transition of ${event.patch} (${event.direction}${replace}) ${verb}${by}${basis(event)}.`
}

function tasksSwitched(event: EventOf<'tasks-switched'>): string {
  const parts = Object.entries(event.counts).map(
    ([way, count]) => `${count} ${wayWords[way as keyof typeof wayWords] ?? way}`,
  )
  return `Tasks switched without being blocked, so far: ${parts.join(', ') || 'none'}.`
}

function blockedCause(event: EventOf<'task-blocked'>): string {
  switch (event.reason) {
    case 'running':
      return `it was running on CPU ${event.cpu}`
    case 'unreliable-stack':
      return `its stack cannot be walked reliably${event.blame === undefined ? '' : `, because of ${event.blame}`}`
    case 'sleeping-on-function':
      return `it is sleeping inside ${event.function ?? 'a patched function'}`
    default:
      return 'why was not seen'
  }
}

function taskInspected(event: EventOf<'task-inspected'>): string {
  const found = [
    event.stack === undefined ? null : `a kernel stack of ${plural(event.stack.length, 'frame')}`,
    event.unit === undefined ? null : `unit ${event.unit}`,
    event.userUnit === undefined ? null : `user unit ${event.userUnit}`,
    event.pod === undefined ? null : `pod ${event.pod}`,
    event.container === undefined ? null : `container ${event.container}`,
    event.commandLine === undefined ? null : `command line ${event.commandLine}`,
  ].filter((part) => part !== null)
  const name = event.comm === undefined ? `Task ${event.tid}` : `${event.comm} (${event.tid})`
  return `${name} was inspected: ${found.join(', ') || 'no details in /proc'}.`
}

function tasksObserved(event: EventOf<'tasks-observed'>): string {
  const remaining = event.remaining === null ? '' : `, ${event.remaining} remaining`
  const { changed = 0, gone = 0 } = event.omitted ?? {}
  const changes = `${plural(event.changed.length + changed, 'change')}, ${event.gone.length + gone} gone`
  return `${plural(event.total, 'task')} seen through ${event.source === 'iterator' ? 'the BPF iterator' : '/proc'}${remaining} (${event.complete ? 'whole table' : changes}).`
}
