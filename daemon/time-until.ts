/** Settles at that time of performance.now's clock; keeps no process alive. Without a time: never. */
export const timeUntil = (until = Number.POSITIVE_INFINITY): Promise<void> =>
  new Promise((resolve) => {
    if (until === Number.POSITIVE_INFINITY) return
    setTimeout(resolve, Math.max(0, until - performance.now())).unref()
  })
