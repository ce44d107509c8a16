import type { Event, EventOf } from '../contract/event.ts'
import { plural } from './format.ts'

type FunctionEvent = Extract<
  Event,
  {
    kind: 'patches-inventoried' | 'ftrace-sites-observed' | 'function-counting-changed' | 'function-calls'
  }
>

/** What was seen of patched functions, as one sentence. */
export function describeFunctionEvent(event: FunctionEvent): string {
  switch (event.kind) {
    case 'patches-inventoried':
      return inventoried(event)
    case 'ftrace-sites-observed':
      return event.sites === null
        ? 'The list of ftrace sites could not be read.'
        : `${plural(event.sites.length, 'ftrace site')} ${event.sites.length === 1 ? 'carries' : 'carry'} livepatch’s handler.`
    case 'function-counting-changed':
      return countingChanged(event)
    case 'function-calls':
      return functionCalls(event)
  }
}

function inventoried(event: EventOf<'patches-inventoried'>): string {
  const functions = event.patches.flatMap((patch) => patch.objects.flatMap((object) => object.functions))
  const nops = functions.filter((func) => func.nop).length
  return `The kernel holds ${plural(event.patches.length, 'patch', 'patches')} of ${plural(functions.length, 'function')}${nops === 0 ? '' : `, ${plural(nops, 'no-op')} among them`}.`
}

function countingChanged(event: EventOf<'function-counting-changed'>): string {
  const on = event.functions.filter((func) => func.status === 'on').length
  const not = event.functions
    .filter((func) => func.reason !== undefined)
    .map((func) => `${func.function} (${func.reason})`)
  return `Calls of ${plural(on, 'function')} are counted${not.length === 0 ? '' : `; not counted: ${not.join(', ')}`}.`
}

function functionCalls(event: EventOf<'function-calls'>): string {
  const sum = (key: 'entered' | 'redirected' | 'old') =>
    event.calls.reduce((total, call) => total + (call[key] ?? 0), 0)
  return `${plural(sum('entered'), 'call')} of ${plural(event.calls.length, 'patched function')}: ${sum('redirected')} redirected, ${sum('old')} still old code.`
}
