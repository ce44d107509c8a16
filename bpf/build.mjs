// Builds dist/klpscope-tracer: the BPF object, its skeleton, and the C program around it. Plain JavaScript without
// packages, like daemon/bootstrap.mjs, which calls it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bpf = dirname(fileURLToPath(import.meta.url))
const root = join(bpf, '..')

/** By Node's name of a machine: libbpf's name of it, clang's target in its byte order, and its headers. */
export const machines = {
  x64: { libbpf: 'x86', target: 'bpfel', triple: 'x86_64-linux-gnu' },
  arm64: { libbpf: 'arm64', target: 'bpfel', triple: 'aarch64-linux-gnu' },
  s390x: { libbpf: 's390', target: 'bpfeb', triple: 's390x-linux-gnu' },
}

const packages = 'clang bpftool gcc libc6-dev libbpf-dev libelf-dev zlib1g-dev'

/** What a build needs is missing, or a compiler complained: the message says which, and what to do. */
export class BuildError extends Error {}

/** The output of a program that has to succeed. */
const run = (program, args) => {
  // bpftool is an administrator's program, and those are not on everyone's PATH.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd: root, env, maxBuffer: 1 << 26 })
  if (error?.code === 'ENOENT')
    throw new BuildError(
      `${program}, which building the tracer takes, is missing.\nRun: sudo apt-get install -y --no-install-recommends ${packages}`,
    )
  if (error) throw error
  if (status !== 0)
    throw new BuildError(
      `${program} failed:\n${stderr}\nIf it misses a header, run: sudo apt-get install -y --no-install-recommends ${packages}`,
    )
  return stdout
}

/** Headers of the machine it runs on, or of another as Debian's linux-libc-dev-…-cross packages bring them. */
const headersOf = (machine) => {
  const { triple } = machines[machine]
  return machine === process.arch ? [`/usr/include/${triple}`] : [`/usr/${triple}/include`]
}

/**
 * The BPF object for a machine; in another byte order it can be looked at on this one, and runs nowhere.
 * @throws BuildError
 */
export const buildObject = (outfile, machine = process.arch, target = machines[machine]?.target) => {
  const known = machines[machine]
  if (!known)
    throw new BuildError(`The tracer does not know ${machine} machines. Add the machine to ${bpf}/build.mjs.`)
  run('clang', [
    '-g',
    '-O2',
    '-mcpu=v3',
    '-target',
    target,
    `-D__TARGET_ARCH_${known.libbpf}`,
    ...headersOf(machine).flatMap((dir) => ['-idirafter', dir]),
    '-Wall',
    '-Wextra',
    '-Werror',
    // BPF_KPROBE declares a context that not every probe reads.
    '-Wno-unused-parameter',
    '-c',
    join(bpf, 'klpscope.bpf.c'),
    '-o',
    outfile,
  ])
}

/**
 * The tracer, with the object inside. Linked with Debian's static libbpf, so that a host needs no libbpf of this age.
 * @throws BuildError
 */
export const buildTracer = (outDir = join(root, 'dist')) => {
  const object = join(outDir, 'klpscope.bpf.o')
  const skeleton = join(outDir, 'tracer')
  mkdirSync(skeleton, { recursive: true })
  buildObject(object)
  run('sh', [
    '-c',
    'bpftool gen skeleton "$1" name klpscope_bpf >"$2"',
    'sh',
    object,
    `${skeleton}/klpscope.skel.h`,
  ])
  const sources = readdirSync(join(bpf, 'tracer')).filter((name) => name.endsWith('.c'))
  run('gcc', [
    '-std=gnu11',
    '-O2',
    '-g',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-fstack-protector-strong',
    '-D_FORTIFY_SOURCE=2',
    `-I${skeleton}`,
    ...sources.map((name) => join(bpf, 'tracer', name)),
    '-o',
    join(outDir, 'klpscope-tracer'),
    '-Wl,-Bstatic',
    '-lbpf',
    '-lelf',
    '-lz',
    '-Wl,-Bdynamic',
    '-Wl,-z,relro,-z,now',
  ])
}
