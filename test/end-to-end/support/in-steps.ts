import { beforeEach } from 'vitest'

/** Each test of the surrounding block builds on the one before: after a failure the rest would only time out. */
export const inSteps = (): void => {
  let failed = false
  beforeEach((context) => {
    if (failed) context.skip('an earlier step failed')
    context.onTestFailed(() => {
      failed = true
    })
  })
}
