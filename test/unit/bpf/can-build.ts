import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
// @ts-expect-error: plain JavaScript, because it also runs before any package is installed
import { machines } from '../../../bpf/build.mjs'

/**
 * Whether the BPF object can be built here: `npm test` installs what that takes, `npm run test:unit` alone need not find
 * it. In CI it has to be there, and what needs it fails without it.
 */
export const canBuild =
  Boolean(process.env.CI) ||
  (spawnSync('clang', ['--version']).status === 0 && existsSync('/usr/include/bpf/libbpf.h'))

/** Whether the headers of that machine are here, too. */
export const canBuildFor = (machine: string): boolean =>
  canBuild &&
  (Boolean(process.env.CI) ||
    machine === process.arch ||
    existsSync(`/usr/${machines[machine].triple}/include/asm/ptrace.h`))
