export type ShadowAccount = { live: number; allocated: number; freed: number; found: number }

/** What the lab's module counted itself, by shadow id as in `0x1001`: a line each, `ID LIVE ALLOCATED FREED FOUND`. */
export const shadowAccountsIn = (text: string): Map<string, ShadowAccount> =>
  new Map(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [id = '', ...counts] = line.split(' ')
        const [live = 0, allocated = 0, freed = 0, found = 0] = counts.map(Number)
        return [id, { live, allocated, freed, found }]
      }),
  )
