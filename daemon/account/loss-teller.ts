import type { Account, OwnPlace } from './account.ts'

const tellEveryMs = 1_000

export type LossTeller = { tellNow: () => void; close: () => void }

/**
 * Tells every second of what was lost since it was told last, by place.
 * @param canTell false while what is told would be lost as well
 */
export const createLossTeller = (
  account: Pick<Account, 'hasUntold' | 'takeUntold'>,
  canTell: () => boolean,
  tell: (place: OwnPlace, count: number) => void,
): LossTeller => {
  const tellNow = (): void => {
    if (!account.hasUntold() || !canTell()) return
    for (const [place, count] of account.takeUntold()) tell(place, count)
  }
  const timer = setInterval(tellNow, tellEveryMs).unref()
  return { tellNow, close: () => clearInterval(timer) }
}
