import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'

/** Those of the shell that runs a user's own script (bpf/run-user-probe.sh); it ends when its input does. */
export type UserProbePipes = { stdin: Writable; stdout: Readable; stderr: Readable; news: Readable }

/** In the order of the shell's descriptors. */
export const pipesPerProbe = 4

/** Names the first of the descriptors at which root has started the scripts for us, one script behind the other. */
export const userProbesVariable = 'KLPSCOPE_USER_PROBES'

export const inheritedPipes = (script: number): UserProbePipes => {
  const first = Number(process.env[userProbesVariable]) + script * pipesPerProbe
  const [stdin, stdout, stderr, news] = [0, 1, 2, 3].map((fd) => new Socket({ fd: first + fd })) as [
    Socket,
    Socket,
    Socket,
    Socket,
  ]
  return { stdin, stdout, stderr, news }
}
