/** Exit codes of `klpscope lab`, beside the script's own. */
export const LAB_EXIT = {
  vmNotReady: 70,
  kernelCrashed: 71,
  daemonNotReady: 72,
  timedOut: 73,
  qemuMissing: 74,
  vmVanished: 75,
  setupFailed: 76,
} as const

/** A failure of the lab that a person can act on: one sentence of cause, one of remedy. */
export class LabError extends Error {
  override readonly name = 'LabError'

  constructor(
    readonly exitCode: number,
    override readonly cause: string,
    readonly remedy: string,
  ) {
    super(`${cause} ${remedy}`)
  }
}
