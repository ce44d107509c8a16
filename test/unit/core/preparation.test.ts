import { describe, expect, it } from 'vitest'
import { headlineOf } from '../../../daemon/core/headline.ts'
import { observing, open, patchesObserved, tasksObserved } from '../support/fold.ts'

const loading = { kind: 'patch-loading', patch: 'p', replace: false, pid: 7, comm: 'insmod' } as const
const entered = {
  kind: 'callback-entered',
  patch: 'p',
  object: 'm',
  callback: 'pre_patch',
  basis: 'inferred',
  pid: 7,
  comm: 'insmod',
} as const
const meanwhile = 'no other patch can be loaded, disabled or reversed meanwhile, and no module can come or go'

describe('before a transition starts, the headline says', () => {
  it('in which callback a load is, then for too long, and nothing when it is over', () => {
    const world = observing()
    world.at(10, loading)
    expect(headlineOf(world.state())).toMatchObject({ level: 'info', text: 'p: loading' })
    world.at(11, entered)
    expect(headlineOf(world.state())).toMatchObject({
      level: 'info',
      text: `p: loading, in its pre_patch callback for m; ${meanwhile}`,
      advice: null,
    })
    world.at(22, tasksObserved([]))
    expect(open(world)).toEqual(['load-hung'])
    expect(headlineOf(world.state())).toMatchObject({
      level: 'warning',
      advice: expect.stringMatching(/^See where insmod \(7\) waits in the kernel: read \/proc\/7\/stack\./),
    })
    world.at(23, {
      kind: 'patch-load-refused',
      patch: 'p',
      errno: 19,
      reason: 'pre-patch-failed',
      cause: 'its pre-patch callback for m returned -19',
    })
    expect(open(world)).toEqual(['load-refused'])
  })

  it('first what holds up the others, not a load that waits behind it', () => {
    const world = observing()
    world.at(10, loading)
    world.at(11, entered)
    world.at(12, { kind: 'patch-loading', patch: 'q', replace: false })
    expect(headlineOf(world.state()).text).toMatch(/^p: loading, in its pre_patch/)
  })

  it('of a patch in place whose callback a coming module waits for', () => {
    const world = observing()
    world.at(9, patchesObserved({ name: 'p' }))
    world.at(10, { ...entered, pid: undefined, comm: undefined })
    expect(headlineOf(world.state()).text).toBe(
      `p: in its pre_patch callback for m, a module that is being loaded; ${meanwhile}`,
    )
    world.at(11, { ...entered, kind: 'callback-called', returned: 0 })
    expect(headlineOf(world.state()).level).toBe('ok')
  })

  it('that it does not know which way a patch goes that was in transition before klpscope came', () => {
    const world = observing()
    world.at(10, { ...patchesObserved({ name: 'p', enabled: false, inTransition: true }), first: true })
    expect(world.state().patches[0]?.state).toBe('unknown')
    expect(headlineOf(world.state()).text).toMatch(/^p: in transition by sysfs; whether .* is not known yet/)
    world.at(11, { kind: 'transition-started', patch: 'p', direction: 'unpatching', adopted: true })
    expect(world.state().patches[0]?.state).toBe('disabling')
  })

  it('no longer that a callback runs when the probes that would tell of its return are gone', () => {
    const world = observing()
    world.at(10, loading)
    world.at(11, entered)
    world.at(12, { kind: 'tracer-gap', source: 'tracer', fromMonoNs: '1', toMonoNs: '2', reason: 'killed' })
    expect(headlineOf(world.state()).text).not.toMatch(/pre_patch/)
    expect(world.state().patches[0]?.callbacks).toMatchObject([{ outcome: 'called', returned: null }])
  })
})
