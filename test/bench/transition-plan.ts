/** What is attached during a cycle; `attach_<name>` in guest/conditions.sh. */
export type Condition = 'nothing' | 'daemon' | 'fexit'

export interface Block {
  /** What else goes on: `hold_for_<name>` and `release_for_<name>` in guest/transitions.sh, or guest/straggler.sh. */
  readonly series: 'quiet' | 'counted' | 'held' | 'control' | 'straggler'
  readonly condition: Condition
  readonly cycles: number
}

/**
 * Blocks in the order without, with, with, without, so that a machine that gets slower all the time slows both
 * alike. Starting the daemon takes as long as some cycles: a block has several, neighbours of one condition share an
 * attachment.
 */
const interleave = (
  series: Block['series'],
  condition: Condition,
  pairs: number,
  blockCycles = Math.min(5, Math.ceil(pairs / 2)),
): Block[] => {
  const blocks: Block[] = []
  for (let done = 0, turn = 0; done < pairs; done += blockCycles, turn++) {
    const cycles = Math.min(blockCycles, pairs - done)
    const pair: Block[] = [
      { series, condition: 'nothing', cycles },
      { series, condition, cycles },
    ]
    blocks.push(...(turn % 2 === 0 ? pair : pair.reverse()))
  }
  return blocks
}

/** Where a fexit program on klp_enable_patch is known to hold up a transition. */
export const CONTROL_KERNEL = '6.12'

/** @param pairs cycles with and without the daemon, each */
export const transitionPlan = (kernel: string, pairs: number): Block[] => [
  ...interleave('quiet', 'daemon', pairs),
  ...interleave('counted', 'daemon', pairs),
  ...interleave('held', 'daemon', pairs),
  ...(kernel === CONTROL_KERNEL
    ? interleave('control', 'fexit', Math.max(2, Math.ceil(pairs / 3)), Math.max(1, Math.ceil(pairs / 6)))
    : []),
]

export const stragglerPlan = (pairs: number): Block[] => interleave('straggler', 'daemon', pairs)

/** As the guest reads it. */
export const planText = (blocks: readonly Block[]): string =>
  blocks.map(({ series, condition, cycles }) => `${series} ${condition} ${cycles}\n`).join('')
