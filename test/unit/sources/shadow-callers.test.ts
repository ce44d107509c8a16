import { describe, expect, it } from 'vitest'
import { moduleAt } from '../../../daemon/sources/shadow-callers.ts'

// As /proc/modules of a 6.12 kernel prints them: the size is that of all parts of a module.
const modules = `klpt_patch_v1 20480 1 - Live 0xffffffffc0353000 (OEK)
klpt_target 24576 1 klpt_patch_v1, Live 0xffffffffc0350000 (OE)
overlay 151552 1 - Live 0xffffffffc0100000
kc_loading 16384 1 - Loading 0xffffffffc0380000 (OEK+)
kc_leaving 16384 0 - Unloading 0xffffffffc0390000 (OEK-)
`

describe('the module at an address', () => {
  it.each([
    ['0xffffffffc0353010', { module: 'klpt_patch_v1', livepatch: true }],
    ['0xffffffffc0352fff', { module: 'klpt_target', livepatch: false }],
    // While their init or exit function runs.
    ['0xffffffffc0380010', { module: 'kc_loading', livepatch: true }],
    ['0xffffffffc0390010', { module: 'kc_leaving', livepatch: true }],
    ['0xffffffffc0100000', { module: 'overlay', livepatch: false }],
    ['0xffffffff81000000', { module: null, livepatch: false }],
    ['0xffffffffc0400000', { module: null, livepatch: false }],
  ])('%s', (address, expected) => expect(moduleAt(address, modules)).toEqual(expected))

  it('is unknown where the kernel hides addresses', () =>
    expect(moduleAt('0x10', modules.replaceAll(/0x\w+/g, '0x0000000000000000'))).toMatchObject({
      module: null,
    }))
})
